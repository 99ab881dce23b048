import { createAuth } from '../src/host/auth/auth.ts';
import { withDefinitions } from '../src/host/auth/methods/define-sign-in.ts';
import type { KeepSessionOptions, KeptSession } from './keep-session-options.ts';
import * as host from './parts/host-part.ts';
import * as sessions from './parts/sessions-part.ts';
import { startKeeper } from './start-keeper.ts';

/** A sign-in of the site's own gives sessions of the kind `password`, which the configuration then has to offer. */
const withForm = <T extends Pick<KeepSessionOptions, 'config'>>(options: T, definitions: readonly unknown[]): T => {
  const { config } = options;
  if (definitions.length === 0 || config.signIn.password) return options;
  return { ...options, config: { ...config, signIn: { ...config.signIn, password: { login: '', reuseGraceMs: 0 } } } };
};

/**
 * Keeps the session of this worker's origin: it authorizes the requests of the allow-list, shares one socket among all
 * tabs, and takes the sign-in callback. It answers these requests only, and leaves all others to the site's listeners.
 *
 * Call it synchronously and before the site adds its own listeners. `config` is what your deployment decides: where
 * tokens may go, how users sign in, which sockets tabs share.
 *
 * @example
 * import { keepSession, sharedSockets } from 'session-keeper/sw';
 * keepSession({ config, sockets: sharedSockets });
 */
export const keepSession = ({ sockets, signIn: definitions = [], ...options }: KeepSessionOptions): KeptSession => {
  const { fetch } = startKeeper(withForm(options, definitions), {
    host: async () => host,
    sessions: async () => sessions,
    auth: async () => ({ createAuth: (given) => createAuth({ ...given, withOwn: withDefinitions(definitions) }) }),
    sockets: sockets && (async () => sockets),
  });
  return { fetch };
};
