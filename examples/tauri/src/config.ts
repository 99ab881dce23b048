import type { KeeperConfig } from 'session-keeper';

const env = import.meta.env as Record<string, string | undefined>;

export const API = env['VITE_API'] ?? 'https://api.example';
const ISSUER = env['VITE_ISSUER'] ?? 'https://id.example';

/** There may be no worker in a shell, so the page has the configuration itself. */
export const config: KeeperConfig = {
  api: [{ origin: API, path: '/api/' }],
  whoami: `${API}/api/me`,
  signIn: {
    oidc: {
      issuer: ISSUER,
      clientId: 'session-keeper',
      scope: 'openid profile offline_access',
      callback: '/auth/callback',
      // The system opens this app with links of this scheme (RFC 8252 §7.1): src-tauri/tauri.conf.json.
      redirectUri: 'com.example.notes:/auth/callback',
      reuseGraceMs: 0,
    },
  },
  sockets: [],
};
