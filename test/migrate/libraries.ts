import { createHash } from 'node:crypto';
import { vi } from 'vitest';
import { fromAuth0Spa, fromAxaOidcClient, fromKeycloak, fromMsal, fromOidcClientTs } from '../../src/migrate/index.ts';
import type { ImportSource } from '../../src/migrate/index.ts';
import type { SimulatedProvider } from '../support/providers/simulated-provider.ts';

/* The real libraries, which leave a session as they do on a site. */

export const CLIENT = 'web';
export const ISSUER = 'https://id.example';
const CALLBACK = 'https://app.example/callback';

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const jwt = (claims: object): string => `${encode({ alg: 'RS256' })}.${encode(claims)}.c2ln`;
const LATER = Math.floor(Date.now() / 1_000) + 300;

/** A refresh token of a sign-in at this provider. */
export const refreshTokenOf = async (provider: SimulatedProvider): Promise<string> => {
  const verifier = 'a'.repeat(43);
  const page = new URL(`${ISSUER}/sim/authorize`);
  page.search = new URLSearchParams({
    client_id: CLIENT,
    redirect_uri: CALLBACK,
    scope: 'openid',
    state: 's',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
  }).toString();
  const code = provider.authorize(page.href).searchParams.get('code') ?? '';
  const body = new URLSearchParams({ grant_type: 'authorization_code', code, code_verifier: verifier });
  const answer = await provider.fetch(`${ISSUER}/sim/token`, { method: 'POST', body });
  return ((await answer.json()) as { refresh_token: string }).refresh_token;
};

export type Library = {
  name: string;
  /** The library signs in. Returns where the importer finds its session. */
  leave(provider: SimulatedProvider): Promise<ImportSource>;
};

const oidcClientTs: Library = {
  name: 'oidc-client-ts',
  async leave(provider) {
    const { User, UserManager, WebStorageStateStore } = await import('oidc-client-ts');
    const manager = new UserManager({
      authority: ISSUER,
      client_id: CLIENT,
      redirect_uri: CALLBACK,
      userStore: new WebStorageStateStore({ store: localStorage }),
    });
    const profile = { sub: 'demo', iss: ISSUER, aud: CLIENT, exp: LATER, iat: 1 };
    const tokens = { access_token: 'old', refresh_token: await refreshTokenOf(provider), token_type: 'Bearer' };
    await manager.storeUser(new User({ ...tokens, profile }));
    return fromOidcClientTs({ authority: ISSUER, clientId: CLIENT });
  },
};

const axaOidcClient: Library = {
  name: '@axa-fr/oidc-client',
  async leave(provider) {
    const { OidcClient } = await import('@axa-fr/oidc-client');
    let href = 'https://app.example/';
    const location = {
      open: (url: string) => void (href = url),
      getCurrentHref: () => href,
      getPath: () => '/',
      getOrigin: () => 'https://app.example',
      reload: () => undefined,
    };
    const client = OidcClient.getOrCreate(() => fetch, location)(
      {
        client_id: CLIENT,
        redirect_uri: CALLBACK,
        scope: 'openid',
        authority: ISSUER,
        monitor_session: false,
      },
      'default',
    );
    await client.loginAsync('/');
    href = provider.authorize(href).href;
    await client.loginCallbackAsync();
    return fromAxaOidcClient();
  },
};

const auth0Spa: Library = {
  name: 'auth0-spa-js',
  async leave(provider) {
    const { CacheKey, LocalStorageCache } = await import('@auth0/auth0-spa-js');
    const key = new CacheKey({ clientId: CLIENT, scope: 'openid offline_access', audience: 'https://api.example' });
    const body = { client_id: CLIENT, access_token: 'old', refresh_token: await refreshTokenOf(provider) };
    new LocalStorageCache().set(key.toKey(), { body, expiresAt: LATER } as never);
    return fromAuth0Spa({ clientId: CLIENT });
  },
};

const keycloakJs: Library = {
  name: 'keycloak-js',
  async leave(provider) {
    // Node 20 does not have it, and browsers do.
    vi.stubGlobal(
      'Promise',
      Object.assign(Promise, {
        withResolvers<T>() {
          let [resolve, reject] = [(_value: T): void => undefined, (_reason: unknown): void => undefined];
          const promise = new Promise<T>((done, failed) => ([resolve, reject] = [done, failed]));
          return { promise, resolve, reject };
        },
      }),
    );
    const { default: Keycloak } = await import('keycloak-js');
    const keycloak = new Keycloak({ url: ISSUER, realm: 'demo', clientId: CLIENT });
    const token = jwt({ sub: 'demo', exp: LATER, iat: LATER - 300 });
    const tokens = { access_token: token, id_token: token, refresh_token: jwt({ sub: 'demo' }) };
    const network = globalThis.fetch;
    vi.stubGlobal('fetch', async () => Response.json(tokens));
    await keycloak.init({ token, idToken: token, refreshToken: tokens.refresh_token, checkLoginIframe: false });
    vi.stubGlobal('fetch', network);
    // The library reads its refresh tokens, so they must be JWTs. Those of the simulated provider are not.
    keycloak.refreshToken = await refreshTokenOf(provider);
    return fromKeycloak(keycloak);
  },
};

const msalBrowser: Library = {
  name: '@azure/msal-browser',
  async leave(provider) {
    const { loadExternalTokens } = await import('@azure/msal-browser');
    const authority = 'https://login.microsoftonline.com/tenant';
    const clientInfo = Buffer.from(JSON.stringify({ uid: 'o', utid: 'tenant' })).toString('base64');
    const answer = {
      id_token: jwt({ sub: 'demo', oid: 'o', tid: 'tenant', ver: '2.0', iss: authority }),
      access_token: 'old',
      refresh_token: await refreshTokenOf(provider),
      token_type: 'Bearer',
      expires_in: 300,
      scope: 'openid',
      client_info: clientInfo,
    };
    const settings = { auth: { clientId: CLIENT, authority }, cache: { cacheLocation: 'sessionStorage' } } as const;
    await loadExternalTokens(settings, { scopes: ['openid'], authority }, answer as never, { clientInfo });
    return fromMsal({ clientId: CLIENT });
  },
};

export const LIBRARIES: readonly Library[] = [oidcClientTs, axaOidcClient, auth0Spa, keycloakJs, msalBrowser];
