import type { Habits } from '../support/providers/simulated-provider.ts';
import type { ServiceHabits } from '../support/providers/simulated-service.ts';
import { providers } from '../../src/protocol/config-file/index.ts';
import type { OidcConfig, PasswordConfig } from '../../src/protocol/sign-in-config.ts';

/* Each provider's preset, and the provider as its documents describe it (docs/how-to/providers). */

export const APP = 'https://app.example';
const CLIENT = { clientId: 'c' };
const DAY_MS = 86_400_000;

const LISTED = ['openid', 'profile', 'email', 'offline_access'];
const DEAD = { status: 400, body: { error: 'invalid_grant' } };
const STANDARD = {
  refreshToken: 'offline_access',
  rotates: true,
  reuseGraceMs: 0,
  dead: DEAD,
  revocation: 'standard',
} as const;

export type OidcCase = { name: string; config: OidcConfig; habits: Habits };
export type ServiceCase = { name: string; config: PasswordConfig; habits: ServiceHabits };

const entraDead = (code: number) => ({
  status: 400,
  body: {
    error: 'invalid_grant',
    error_description: `AADSTS${code}: expired`,
    error_codes: [code],
    suberror: 'bad_token',
  },
});

export const OIDC_CASES: readonly OidcCase[] = [
  {
    name: 'generic',
    config: providers.generic({ ...CLIENT, issuer: 'https://id.example' }),
    habits: {
      ...STANDARD,
      issuer: 'https://id.example',
      scopes: LISTED,
      reuseGraceMs: 30_000,
      endSession: 'https://id.example/end',
    },
  },
  {
    name: 'auth0',
    config: providers.auth0({ ...CLIENT, domain: 'shop.eu.auth0.com', audience: 'https://api' }),
    habits: {
      ...STANDARD,
      issuer: 'https://shop.eu.auth0.com/',
      scopes: LISTED,
      lifetimeMs: 30 * DAY_MS,
      dead: { status: 403, body: { error: 'invalid_grant', error_description: 'Unknown or invalid refresh token.' } },
    },
  },
  {
    name: 'okta',
    config: providers.okta({ ...CLIENT, domain: 'shop.okta.com' }),
    habits: {
      ...STANDARD,
      issuer: 'https://shop.okta.com/oauth2/default',
      scopes: LISTED,
      reuseGraceMs: 30_000,
      endSession: 'https://shop.okta.com/oauth2/default/v1/logout',
    },
  },
  {
    name: 'entra',
    config: providers.entra({ ...CLIENT, tenant: 'organizations', api: 'api://shop/read' }),
    habits: {
      ...STANDARD,
      issuer: 'https://login.microsoftonline.com/organizations/v2.0',
      statedIssuer: 'https://login.microsoftonline.com/{tenantid}/v2.0',
      prompts: ['login', 'none', 'consent', 'select_account'],
      reuseGraceMs: Infinity,
      lifetimeMs: DAY_MS,
      dead: entraDead(700_084),
      revocation: 'absent',
      endSession: 'https://login.microsoftonline.com/organizations/oauth2/v2.0/logout',
    },
  },
  {
    name: 'entraB2c',
    config: providers.entraB2c({ ...CLIENT, tenant: 'shop', policy: 'B2C_1_sign_in', api: 'https://shop/api/read' }),
    habits: {
      ...STANDARD,
      issuer: 'https://shop.b2clogin.com/shop.onmicrosoft.com/B2C_1_sign_in/v2.0',
      statedIssuer: 'https://shop.b2clogin.com/11111111-2222/v2.0/',
      metadata: 'https://shop.b2clogin.com/shop.onmicrosoft.com/B2C_1_sign_in/v2.0/.well-known/openid-configuration',
      reuseGraceMs: Infinity,
      lifetimeMs: DAY_MS,
      dead: { status: 400, body: { error: 'invalid_grant', error_description: 'AADB2C90080: expired' } },
      revocation: 'absent',
      endSession: 'https://shop.b2clogin.com/shop.onmicrosoft.com/B2C_1_sign_in/oauth2/v2.0/logout',
    },
  },
  {
    name: 'keycloak',
    config: providers.keycloak({ ...CLIENT, url: 'https://kc.example', realm: 'shop', idp: 'google' }),
    habits: {
      ...STANDARD,
      issuer: 'https://kc.example/realms/shop',
      scopes: LISTED,
      refreshToken: 'always',
      reuseGraceMs: Infinity,
      dead: { status: 400, body: { error: 'invalid_grant', error_description: 'Session not active' } },
      endSession: 'https://kc.example/realms/shop/protocol/openid-connect/logout',
    },
  },
  {
    name: 'cognito',
    config: providers.cognito({
      ...CLIENT,
      region: 'eu-central-1',
      userPoolId: 'eu-central-1_x',
      domain: 'shop.auth.example',
    }),
    habits: {
      ...STANDARD,
      issuer: 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_x',
      scopes: ['openid', 'email', 'phone', 'profile'],
      refreshToken: 'always',
      rotates: false,
      reuseGraceMs: Infinity,
      lifetimeMs: 30 * DAY_MS,
    },
  },
  {
    name: 'google',
    config: providers.google({ ...CLIENT, exchange: '/api/google/token' }),
    habits: {
      ...STANDARD,
      issuer: 'https://accounts.google.com',
      metadata: null,
      token: `${APP}/api/google/token`,
      scopes: ['openid', 'email', 'profile'],
      prompts: ['none', 'consent', 'select_account'],
      refreshToken: 'always',
      rotates: false,
      reuseGraceMs: Infinity,
      revocation: 'absent',
    },
  },
  {
    name: 'zitadel',
    config: providers.zitadel({ ...CLIENT, domain: 'shop.zitadel.cloud' }),
    habits: {
      ...STANDARD,
      issuer: 'https://shop.zitadel.cloud',
      scopes: LISTED,
      lifetimeMs: 90 * DAY_MS,
      endSession: 'https://shop.zitadel.cloud/oidc/v1/end_session',
    },
  },
  {
    name: 'authentik',
    config: providers.authentik({ ...CLIENT, url: 'https://auth.example', application: 'shop' }),
    habits: {
      ...STANDARD,
      issuer: 'https://auth.example/application/o/shop/',
      scopes: LISTED,
      endSession: 'https://auth.example/application/o/shop/end-session/',
    },
  },
];

const formValue = (body: string): string => new URLSearchParams(body).get('refresh_token') ?? '';
const jsonValue = (body: string): string => /"refresh_token":"([^"]*)"/.exec(body)?.[1] ?? '';

export const SERVICE_CASES: readonly ServiceCase[] = [
  {
    name: 'supabase',
    config: providers.supabase({ url: 'https://shop.supabase.co', key: 'publishable' }),
    habits: {
      origins: ['https://shop.supabase.co'],
      routeOf: ({ pathname, searchParams }) => {
        if (pathname === '/auth/v1/logout') return 'logout';
        return searchParams.get('grant_type') === 'password' ? 'login' : 'refresh';
      },
      refreshTokenIn: jsonValue,
      answer: ({ access, refresh, seconds }) => ({
        ...{ access_token: access, refresh_token: refresh, token_type: 'bearer', expires_in: seconds },
        user: { id: 'demo', email: 'demo@example.com', user_metadata: {} },
      }),
      rotates: true,
      reuseGraceMs: Infinity,
      dead: { status: 400, body: { code: 400, error_code: 'refresh_token_not_found', msg: 'Invalid Refresh Token' } },
      bearerOf: (headers) => (headers.get('authorization') ?? '').replace('Bearer ', ''),
    },
  },
  {
    name: 'firebase',
    config: providers.firebase({ apiKey: 'key' }),
    habits: {
      origins: ['https://identitytoolkit.googleapis.com', 'https://securetoken.googleapis.com'],
      routeOf: ({ host }) => (host.startsWith('identitytoolkit') ? 'login' : 'refresh'),
      refreshTokenIn: formValue,
      answer: ({ access, refresh, seconds }, route) =>
        route === 'login'
          ? {
              idToken: access,
              refreshToken: refresh,
              expiresIn: String(seconds),
              localId: 'demo',
              email: 'demo@example.com',
            }
          : {
              id_token: access,
              access_token: access,
              refresh_token: refresh,
              expires_in: String(seconds),
              user_id: 'demo',
            },
      rotates: false,
      reuseGraceMs: Infinity,
      dead: { status: 400, body: { error: { code: 400, message: 'TOKEN_EXPIRED', status: 'INVALID_ARGUMENT' } } },
    },
  },
];
