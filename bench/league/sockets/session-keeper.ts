import type * as SessionKeeper from '../../../src/page/index.ts';
import { runSocketApp } from './socket-app.ts';

// As a site loads it: the built library, by its URL.
const LIBRARY = '/keeper.js';
const { connect } = (await import(LIBRARY)) as typeof SessionKeeper;
const keeper = await connect({ worker: '/keeper-sw.js' });

/** The first state that the worker knows. */
const isKnown = (): Promise<boolean> =>
  new Promise((resolve) => {
    const off = keeper.subscribe(({ session }) => {
      if (session.state === 'starting') return;
      queueMicrotask(() => off());
      resolve(session.state !== 'signed-out' && session.state !== 'sign-in-required');
    });
  });

await runSocketApp({
  isSignedIn: isKnown,
  signIn: async (username, password) => void (await keeper.signIn({ kind: 'ticket', username, password })),
  open: (onNumber) => {
    const read = async (): Promise<void> => {
      for await (const { data } of keeper.channel('league')) onNumber((data as { number: number }).number);
    };
    void read();
  },
});
