import type * as SessionKeeper from '../../../src/page/index.ts';
import { runApp } from './app.ts';

// As a site loads it: the built library, by its URL.
const LIBRARY = '/keeper.js';
const { connect } = (await import(LIBRARY)) as typeof SessionKeeper;
const keeper = await connect({ worker: '/keeper-sw.js' });

/** The worker finishes the sign-in before the page loads. `sign-in-required`: only the person can go on. */
const isKnown = (): Promise<boolean> =>
  new Promise((resolve) => {
    const off = keeper.subscribe(({ session }) => {
      if (session.state === 'starting') return;
      queueMicrotask(() => off());
      resolve(session.state !== 'signed-out' && session.state !== 'sign-in-required');
    });
  });

await runApp({
  restore: isKnown,
  signIn: async () => void (await keeper.signIn({ kind: 'oidc' })),
  intercepts: true,
  // A plain `fetch` gets the authorization too. But Chromium does not end its connection when a page gives the request up.
  fetch: (path, init) => keeper.fetch(path, init),
});
