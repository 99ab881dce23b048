/** How the users of a site sign in, as `init` learns it. */
export type SignInChoice =
  | { kind: 'password' }
  | { kind: 'ticket' }
  | { kind: 'oidc'; issuer: string; clientId: string };

const SIGN_IN_TEXT = {
  password: (
    api: string,
  ) => `    // JSON: login takes { username, password }, refresh takes { refresh_token }. Both answer
    // { access_token, refresh_token, token_type, expires_in }.
    password: { login: '${api}login', refresh: '${api}refresh', logout: '${api}logout', reuseGraceMs: 0 },`,
  ticket: (api: string) => `    // Login sets an HttpOnly cookie. Status answers 200 while it is valid.
    ticket: { login: '${api}login', status: '${api}status', logout: '${api}logout' },`,
} as const;

const oidcText = (
  issuer: string,
  clientId: string,
): string => `    // Register the callback at the provider as redirect URI: the origin of your site, then this path.
    oidc: {
      issuer: ${JSON.stringify(issuer)},
      clientId: ${JSON.stringify(clientId)},
      scope: 'openid profile offline_access',
      callback: '/auth/callback',
    },`;

/** A first configuration, with a comment for each decision. `api`: path of the site's API, with slashes around it. */
export const configText = (
  api: string,
  signIn: SignInChoice,
): string => `import { defineConfig } from 'session-keeper/config';

// docs/reference/configuration.md of session-keeper explains each field.
export default defineConfig({
  // Where the worker may send tokens. Nothing else ever gets one.
  api: [{ origin: 'self', path: '${api}' }],
  // Proves who is signed in: it answers { sub, name } for a token, and 401 without one.
  whoami: '${api}whoami',
  signIn: {
${signIn.kind === 'oidc' ? oidcText(signIn.issuer, signIn.clientId) : SIGN_IN_TEXT[signIn.kind](api)}
  },
});
`;
