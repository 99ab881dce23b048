import { askWorker, expose, tokenInWorker } from './page.ts';

/** The worker makes the key and the address. The provider then sends the user back to the worker. */
expose({
  ...tokenInWorker(() => Promise.resolve(undefined)),
  signIn: async () => location.assign(String(await askWorker('sign in'))),
});
