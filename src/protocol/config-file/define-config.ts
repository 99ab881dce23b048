import { KEEPER_CONFIG, type KeeperConfig } from '../config.ts';
import { configProblems, configProblemText } from './config-problems.ts';
import type { KeeperConfigInput } from './input.ts';

/**
 * Checks a configuration and fills in its defaults. Write it in `keeper.config.js`: the worker, the page, the command and
 * the plugin of Vite all read this one file.
 *
 * Throws a `TypeError` that names each wrong field, what was found, and what to write instead.
 *
 * @example
 * import { defineConfig } from 'session-keeper/config';
 * export const config = defineConfig({
 *   api: [{ origin: 'self', path: '/api/' }],
 *   whoami: '/api/whoami',
 *   signIn: { password: { login: '/api/login', refresh: '/api/refresh', logout: '/api/logout' } },
 * });
 */
export const defineConfig = (config: KeeperConfigInput): KeeperConfig => {
  const problems = configProblems(config);
  const complete = problems.length === 0 ? KEEPER_CONFIG.read(config) : undefined;
  if (!complete)
    throw new TypeError(
      ['The configuration of Session Keeper is wrong.', ...problems.map(configProblemText)].join('\n'),
    );
  return complete;
};
