import { OidcClient } from '@axa-fr/oidc-client';
import { expose, request } from '../page.ts';
import { forgetReturn, isReturn, noteReturn, PEER_SETTINGS } from './provider.ts';

/** As its documentation has it for tokens that only the worker sees. The worker authorizes plain requests. */
const client = OidcClient.getOrCreate(() => fetch)(
  {
    ...PEER_SETTINGS,
    service_worker_relative_url: '/OidcServiceWorker.js',
    service_worker_only: true,
    monitor_session: false,
  },
  'default',
);

if (isReturn()) {
  await client.loginCallbackAsync();
  forgetReturn();
}

/** Once for each page, as its documentation has it. */
let keeping: ReturnType<typeof client.tryKeepExistingSessionAsync> | undefined;
const kept = (): ReturnType<typeof client.tryKeepExistingSessionAsync> =>
  (keeping ??= client.tryKeepExistingSessionAsync());

expose({
  signIn: async () => {
    noteReturn();
    await client.loginAsync(location.pathname);
  },
  request: async () => {
    await kept();
    return request();
  },
  start: async () => {
    if (!(await kept())) throw new Error('The session is lost.');
    const status = await request();
    if (status !== 200) throw new Error(`The backend answered ${status}.`);
  },
});
