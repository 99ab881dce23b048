import type { OidcConfig } from '../sign-in-config.ts';

/*
 * What OpenID providers want, as their documents say it. Each function returns plain data for `signIn.oidc`, so a bundler
 * leaves out the others. docs/how-to/providers has a page for each one, and test/providers plays their habits.
 */

/** What a site may say for each provider. */
export type ProviderClient = {
  clientId: string;
  /** The path on your origin to which the provider redirects. Default: `/auth/callback`. */
  callback?: string;
  scope?: string;
  /** More parameters of each authorization request. */
  authorize?: { readonly [name: string]: string };
  /** `provider`: a sign-out also ends the sign-in at the provider. Default `local`. */
  logout?: 'local' | 'provider';
  /** How long (ms) the provider accepts a used refresh token, as you have set it there. */
  reuseGraceMs?: number;
};

type Habits = Omit<OidcConfig, 'clientId' | 'callback' | 'reuseGraceMs'> & { reuseGraceMs?: number };

const DAY_MS = 86_400_000;
const WITH_REFRESH = 'openid profile offline_access';

const configOf = (options: ProviderClient, habits: Habits): OidcConfig => {
  const authorize = { ...habits.authorize, ...options.authorize };
  return {
    ...habits,
    clientId: options.clientId,
    callback: options.callback ?? '/auth/callback',
    scope: options.scope ?? habits.scope,
    ...(Object.keys(authorize).length > 0 && { authorize }),
    reuseGraceMs: options.reuseGraceMs ?? habits.reuseGraceMs ?? 0,
    logout: options.logout === 'provider' ? (habits.logout ?? 'provider') : options.logout,
  };
};

/**
 * A provider that does what OpenID Connect says.
 *
 * @example
 * import { providers } from 'session-keeper/config';
 * const oidc = providers.generic({ issuer: 'https://id.example', clientId: 'abc' });
 */
export const generic = (options: ProviderClient & { issuer: string }): OidcConfig =>
  configOf(options, { issuer: options.issuer });

/**
 * Auth0 (https://auth0.com/docs/secure/tokens/refresh-tokens/refresh-token-rotation). Its overlap period is off unless you
 * set it. `audience`: your API. Without one the access tokens are opaque.
 *
 * @example
 * import { providers } from 'session-keeper/config';
 * const oidc = providers.auth0({ domain: 'shop.eu.auth0.com', clientId: 'abc', audience: 'https://api.example' });
 */
export const auth0 = (options: ProviderClient & { domain: string; audience?: string }): OidcConfig =>
  configOf(options, {
    issuer: `https://${options.domain}/`,
    scope: WITH_REFRESH,
    ...(options.audience !== undefined && { authorize: { audience: options.audience } }),
    logout: {
      url: `https://${options.domain}/v2/logout`,
      params: { client_id: '{client_id}', returnTo: '{home}' },
    },
  });

/**
 * Okta (https://developer.okta.com/docs/guides/refresh-tokens/main/). `server`: the id of the authorization server, by
 * default `default`. An empty one is that of the organisation, whose tokens are not for your API.
 *
 * @example
 * import { providers } from 'session-keeper/config';
 * const oidc = providers.okta({ domain: 'shop.okta.com', clientId: 'abc' });
 */
export const okta = (options: ProviderClient & { domain: string; server?: string }): OidcConfig => {
  const { domain, server = 'default' } = options;
  return configOf(options, {
    issuer: `https://${domain}${server === '' ? '' : `/oauth2/${server}`}`,
    scope: WITH_REFRESH,
    reuseGraceMs: 30_000,
  });
};

/**
 * Microsoft Entra ID (https://learn.microsoft.com/entra/identity-platform/refresh-tokens). A refresh token of a single-page
 * app ends 24 hours after the sign-in, and an older one works on after a refresh. There is no revocation. `invalid_grant`
 * also means that a policy wants the person, so it keeps the tokens. `api`: a scope of your API.
 *
 * @example
 * import { providers } from 'session-keeper/config';
 * const oidc = providers.entra({ tenant: 'organizations', clientId: 'abc', api: 'api://shop/read' });
 */
export const entra = (options: ProviderClient & { tenant: string; api?: string }): OidcConfig =>
  configOf(options, {
    issuer: `https://login.microsoftonline.com/${options.tenant}/v2.0`,
    scope: [WITH_REFRESH, options.api].filter(Boolean).join(' '),
    reuseGraceMs: DAY_MS,
    endsOn: ['invalid_grant'],
  });

/**
 * Azure AD B2C (https://learn.microsoft.com/azure/active-directory-b2c/openid-connect). Each policy has metadata of its own,
 * and their issuer has another path.
 *
 * @example
 * import { providers } from 'session-keeper/config';
 * const oidc = providers.entraB2c({ tenant: 'shop', policy: 'B2C_1_sign_in', clientId: 'abc' });
 */
export const entraB2c = (options: ProviderClient & { tenant: string; policy: string; api?: string }): OidcConfig => {
  const base = `https://${options.tenant}.b2clogin.com/${options.tenant}.onmicrosoft.com/${options.policy}/v2.0`;
  return configOf(options, {
    issuer: base,
    metadata: `${base}/.well-known/openid-configuration`,
    scope: ['openid offline_access', options.api].filter(Boolean).join(' '),
    reuseGraceMs: DAY_MS,
    endsOn: ['invalid_grant'],
  });
};

/**
 * Keycloak (https://www.keycloak.org/docs/latest/server_admin/#_timeouts). A refresh token lives as long as the session at
 * the provider. So there is no `offline_access`, which would outlive it. `idp`: the identity provider to go to at once.
 *
 * @example
 * import { providers } from 'session-keeper/config';
 * const oidc = providers.keycloak({ url: 'https://id.example', realm: 'shop', clientId: 'abc' });
 */
export const keycloak = (options: ProviderClient & { url: string; realm: string; idp?: string }): OidcConfig =>
  configOf(options, {
    issuer: `${options.url.replace(/\/$/, '')}/realms/${options.realm}`,
    scope: 'openid profile',
    ...(options.idp !== undefined && { authorize: { kc_idp_hint: options.idp } }),
  });

/**
 * Amazon Cognito (https://docs.aws.amazon.com/cognito/latest/developerguide/logout-endpoint.html). It does not rotate unless
 * you enable it, it knows no `offline_access`, and its log-out page has parameters of its own. `domain`: that of the sign-in pages.
 *
 * @example
 * import { providers } from 'session-keeper/config';
 * const oidc = providers.cognito({ region: 'eu-west-1', userPoolId: 'eu-west-1_x', domain: 'auth.example', clientId: 'abc' });
 */
export const cognito = (options: ProviderClient & { region: string; userPoolId: string; domain: string }): OidcConfig =>
  configOf(options, {
    issuer: `https://cognito-idp.${options.region}.amazonaws.com/${options.userPoolId}`,
    scope: 'openid profile',
    logout: { url: `https://${options.domain}/logout`, params: { client_id: '{client_id}', logout_uri: '{home}' } },
  });

/**
 * Google (https://developers.google.com/identity/protocols/oauth2/web-server). Its token endpoint wants a client secret,
 * which no browser can keep. So `exchange` is an address of your own server: it adds the secret and passes the request on.
 * Google has no log-out page, and knows no `login` prompt.
 *
 * @example
 * import { providers } from 'session-keeper/config';
 * const oidc = providers.google({ clientId: 'abc', exchange: '/api/google/token' });
 */
export const google = (options: ProviderClient & { exchange: string; revoke?: string }): OidcConfig =>
  configOf(options, {
    issuer: 'https://accounts.google.com',
    metadata: {
      authorization_endpoint: 'https://accounts.google.com/o/oauth2/v2/auth',
      token_endpoint: options.exchange,
      ...(options.revoke !== undefined && { revocation_endpoint: options.revoke }),
    },
    scope: 'openid profile',
    authorize: { access_type: 'offline' },
    prompt: 'consent',
    promptAfterSignOut: 'select_account consent',
    reuseGraceMs: DAY_MS,
  });

/**
 * Zitadel (https://zitadel.com/docs/apis/openidoauth/endpoints). Enable the refresh token in the application's settings.
 *
 * @example
 * import { providers } from 'session-keeper/config';
 * const oidc = providers.zitadel({ domain: 'shop.zitadel.cloud', clientId: 'abc' });
 */
export const zitadel = (options: ProviderClient & { domain: string }): OidcConfig =>
  configOf(options, { issuer: `https://${options.domain}`, scope: WITH_REFRESH });

/**
 * authentik (https://docs.goauthentik.io/add-secure-apps/providers/oauth2/). Each application has an issuer of its own.
 *
 * @example
 * import { providers } from 'session-keeper/config';
 * const oidc = providers.authentik({ url: 'https://auth.example', application: 'shop', clientId: 'abc' });
 */
export const authentik = (options: ProviderClient & { url: string; application: string }): OidcConfig =>
  configOf(options, {
    issuer: `${options.url.replace(/\/$/, '')}/application/o/${options.application}/`,
    scope: WITH_REFRESH,
  });
