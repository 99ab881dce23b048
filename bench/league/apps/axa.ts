import { OidcClient } from '@axa-fr/oidc-client';
import { isReturn, leaveCallback, nativeFetch, OIDC, runApp } from './app.ts';

/** Its documentation for tokens that only the worker sees. The worker puts the token on each request to the API. */
const client = OidcClient.getOrCreate(() => nativeFetch)(
  {
    ...OIDC,
    service_worker_relative_url: '/OidcServiceWorker.js',
    service_worker_only: true,
    monitor_session: false,
  },
  'default',
);

await runApp({
  restore: async () => {
    if (isReturn()) {
      await client.loginCallbackAsync();
      leaveCallback();
    }
    await client.tryKeepExistingSessionAsync();
    return client.tokens !== null;
  },
  signIn: async () => void (await client.loginAsync('/')),
  fetch: async (path, init) => {
    const response = await nativeFetch(path, init);
    if (response.status !== 401) return response;
    await client.renewTokensAsync();
    return nativeFetch(path, init);
  },
});
