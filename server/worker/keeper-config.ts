import type { KeeperConfig } from '../../src/protocol/config.ts';
import type { OidcConfig } from '../../src/protocol/sign-in-config.ts';
import { REUSE_GRACE_MS } from '../base/token-lifetimes.ts';

export type KeeperConfigOptions = {
  issuer: string;
  clientId: string;
  scope: string;
  /** Whether the provider is the embedded one, whose behaviour is known. */
  embedded: boolean;
  /** Default: `local`. The embedded provider ends its sign-in when the app revokes the refresh token. */
  logout?: OidcConfig['logout'];
  serverPaths?: readonly string[] | undefined;
  severalSessions?: boolean | undefined;
};

export const DEFAULT_CLIENT_ID = 'session-keeper';
export const DEFAULT_SCOPE = 'openid profile offline_access api';
/** Default scope for an external provider. */
export const EXTERNAL_SCOPE = 'openid profile offline_access';

/** The configuration that the server writes into its worker script: API, sign-in methods and sockets. */
export const keeperConfig = ({
  issuer,
  clientId,
  scope,
  embedded,
  logout,
  serverPaths,
  severalSessions = false,
}: KeeperConfigOptions): KeeperConfig => ({
  api: [{ origin: 'self', path: '/api/', media: ['/api/v1/media/'], redirects: ['/api/v1/media/latest/'] }],
  whoami: '/api/v1/auth/whoami',
  ...(serverPaths ? { serverPaths } : {}),
  ...(severalSessions ? { sessions: {} } : {}),
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
