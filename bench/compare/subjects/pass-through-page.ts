import { controlled, expose, ownToken } from './page.ts';

/** The token is the page's own, and the worker only forwards. */
expose(
  ownToken(async (login) => {
    await controlled();
    return login();
  }),
);
