import { UserManager, WebStorageStateStore } from 'oidc-client-ts';
import { expose, request } from '../page.ts';
import { forgetReturn, isReturn, noteReturn, PEER_SETTINGS } from './provider.ts';

/** As its documentation has it for sites that stay signed in: tokens in `localStorage`, renewed before they expire. */
const manager = new UserManager({
  ...PEER_SETTINGS,
  userStore: new WebStorageStateStore({ store: localStorage }),
  automaticSilentRenew: true,
});

if (isReturn()) {
  await manager.signinRedirectCallback();
  forgetReturn();
}

const authorized = async (): Promise<number> => {
  const user = await manager.getUser();
  return request({ headers: { authorization: `Bearer ${user?.access_token ?? ''}` } });
};

expose({
  signIn: () => {
    noteReturn();
    return manager.signinRedirect();
  },
  request: authorized,
  start: async () => {
    const user = await manager.getUser();
    if (!user || user.expired === true) await manager.signinSilent();
    const status = await authorized();
    if (status !== 200) throw new Error(`The backend answered ${status}.`);
  },
});
