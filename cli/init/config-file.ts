import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isObject, own } from '../../src/protocol/schema/json.ts';
import { configProblems, configProblemText } from '../../src/protocol/config-file/config-problems.ts';
import { KEEPER_CONFIG, type KeeperConfig } from '../../src/protocol/config.ts';

/** In this order. Node reads TypeScript from version 22.18. */
export const CONFIG_FILES = ['keeper.config.js', 'keeper.config.mjs', 'keeper.config.ts'] as const;

/** `problem`: a sentence for a person. */
export type LoadedConfig = { type: 'loaded'; config: KeeperConfig } | { type: 'failed'; problem: string };

export const findConfig = (root: string, chosen: string | undefined): string | undefined => {
  if (chosen !== undefined) return existsSync(join(root, chosen)) ? chosen : undefined;
  return CONFIG_FILES.find((name) => existsSync(join(root, name)));
};

/** Each call reads the file again: a dev server calls it after a change. */
export const loadConfig = async (root: string, file: string): Promise<LoadedConfig> => {
  const failed = (problem: string): LoadedConfig => ({ type: 'failed', problem: `${file}: ${problem}` });
  let module: unknown;
  try {
    module = await import(`${pathToFileURL(join(root, file)).href}?read=${performance.now()}`);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const isTypeScript = /Unknown file extension ".ts"/.test(message);
    return failed(isTypeScript ? 'Node reads TypeScript from version 22.18. Rename it to keeper.config.js.' : message);
  }
  const config = isObject(module) ? (own(module, 'default') ?? own(module, 'config')) : undefined;
  if (config === undefined) return failed('export the configuration as default: export default defineConfig({ … })');
  const problems = configProblems(config);
  if (problems.length > 0) return failed(problems.map(configProblemText).join('\n'));
  const complete = KEEPER_CONFIG.read(config);
  return complete ? { type: 'loaded', config: complete } : failed('this is no configuration.');
};

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
