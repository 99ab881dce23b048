import { ErrorResponse, UserManager, WebStorageStateStore } from 'oidc-client-ts';
import { isReturn, leaveCallback, nativeFetch, OIDC, runApp } from './app.ts';

/** Its documentation for sites that stay signed in: tokens in `localStorage`, renewed before they expire. */
const manager = new UserManager({
  ...OIDC,
  userStore: new WebStorageStateStore({ store: localStorage }),
  automaticSilentRenew: true,
});

const send = async (path: string, init?: RequestInit): Promise<Response> => {
  const user = await manager.getUser();
  return nativeFetch(path, { ...init, headers: { authorization: `Bearer ${user?.access_token ?? ''}` } });
};

await runApp({
  restore: async () => {
    if (isReturn()) {
      await manager.signinRedirectCallback();
      leaveCallback();
    }
    const user = await manager.getUser();
    // An expired user may still have a refresh token.
    if (user?.expired === true) await manager.signinSilent().catch(() => undefined);
    return (await manager.getUser()) !== null;
  },
  signIn: () => manager.signinRedirect(),
  fetch: async (path, init) => {
    const response = await send(path, init);
    if (response.status !== 401) return response;
    try {
      await manager.signinSilent();
    } catch (error) {
      // Only the provider's own refusal ends the session. The library keeps its user in either case.
      if (!(error instanceof ErrorResponse)) throw error;
      await manager.removeUser();
      return response;
    }
    return send(path, init);
  },
});
