import type * as SessionKeeper from '../../../src/page/index.ts';
import { DEMO, expose, request } from './page.ts';

// As a site loads it: the built library, by its URL.
const LIBRARY = '/keeper.js';
const { connect } = (await import(LIBRARY)) as typeof SessionKeeper;
const { worker = '', kind } = document.documentElement.dataset;
const open = (): ReturnType<typeof connect> => connect({ worker });

expose({
  signIn: async () => {
    const keeper = await open();
    const result = await keeper.signIn(kind === 'oidc' ? { kind } : { kind: 'password', ...DEMO });
    if (!result.ok) throw new Error(result.problem.code);
  },
  request,
  start: async () => {
    const keeper = await open();
    await new Promise<void>((resolve, reject) => {
      keeper.subscribe(({ session }) => {
        if (session.state === 'signed-out') reject(new Error(`signed out: ${session.reason}`));
        if ('verifiedAt' in session && (session.verifiedAt ?? 0) >= performance.timeOrigin) resolve();
      });
    });
  },
});
