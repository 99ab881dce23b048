import type { KeeperConfig, OidcConfig } from '../../src/protocol/config.ts';
import { REUSE_GRACE_MS } from '../base/token-lifetimes.ts';

export type KeeperConfigOptions = {
  issuer: string;
  clientId: string;
  scope: string;
  /** What the embedded provider promises; a foreign one promises nothing. */
  embedded: boolean;
  /** By default `local`: the embedded provider ends its sign-in when its refresh token is revoked. */
  logout?: OidcConfig['logout'];
};

export const DEFAULT_CLIENT_ID = 'session-keeper';
export const DEFAULT_SCOPE = 'openid profile offline_access api';
/** Scope for a provider of which nothing is known. */
export const FOREIGN_SCOPE = 'openid profile offline_access';

/** What the worker of this server is baked with: its own API, its three sign-in kinds, its two sockets. */
export const keeperConfig = ({ issuer, clientId, scope, embedded, logout }: KeeperConfigOptions): KeeperConfig => ({
  api: [{ origin: 'self', path: '/api/', media: ['/api/v1/media/'], redirects: ['/api/v1/media/latest/'] }],
  whoami: '/api/v1/auth/whoami',
  signIn: {
    oidc: {
      issuer,
      clientId,
      scope,
      callback: '/auth/callback',
      reuseGraceMs: embedded ? REUSE_GRACE_MS : 0,
      grantPerSignIn: embedded,
      logout,
    },
    password: {
      login: '/api/v1/auth/login',
      refresh: '/api/v1/auth/refresh',
      logout: '/api/v1/auth/logout',
      reuseGraceMs: REUSE_GRACE_MS,
    },
    ticket: { login: '/api/auth/login', status: '/api/auth/status', logout: '/api/auth/logout' },
  },
  sockets: [
    {
      url: '/api/socket',
      codec: 'keeper.1',
      ticket: { url: '/api/v1/socket/ticket', method: 'POST', carry: 'protocol' },
    },
    { url: '/api/events', codec: 'json-ping', ticket: { url: '/api/auth/token', method: 'GET', carry: 'query' } },
  ],
});
