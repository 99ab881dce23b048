import type { AuthorizationServer } from 'oauth4webapi';
import type { OidcConfig } from '../../protocol/sign-in-config.ts';
import { withParams } from './authorization-request.ts';

/** `home`: the address of the worker's scope, to which the provider sends the person back. `locales`: of the sign-in. */
export type LogOut = {
  config: OidcConfig;
  as: AuthorizationServer;
  idToken: string | undefined;
  locales?: string | undefined;
  home: string;
};

/** OpenID Connect RP-Initiated Logout 1.0 §2. */
const standardParams = ({ config, idToken, locales, home }: LogOut) => ({
  id_token_hint: idToken,
  client_id: config.clientId,
  post_logout_redirect_uri: home,
  ui_locales: locales,
});

/** Of a provider that knows other parameters, each one's value with its placeholders replaced. */
const ownParams = (params: { readonly [name: string]: string }, { config, idToken, home }: LogOut) => {
  const values: { readonly [name: string]: string } = { home, client_id: config.clientId, id_token: idToken ?? '' };
  const replaced = (text: string): string => text.replaceAll(/\{(\w+)\}/g, (_all, name: string) => values[name] ?? '');
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, replaced(value)]));
};

/**
 * Where the provider ends its own sign-in. Made at sign-in, because the provider may be down at sign-out. `always`: each
 * sign-out goes there. Otherwise only one whose revocation the provider refused, so that something ends there.
 */
export const logOutUrl = (logOut: LogOut): { url: string; always: boolean } | undefined => {
  const { config, as } = logOut;
  const { logout = 'local' } = config;
  const own = typeof logout === 'object' ? logout : undefined;
  const endpoint = own?.url ?? as.end_session_endpoint;
  if (!endpoint) return undefined;
  const params = own?.url === undefined ? standardParams(logOut) : {};
  return {
    url: withParams(endpoint, { ...params, ...ownParams(own?.params ?? {}, logOut) }),
    always: logout !== 'local',
  };
};
