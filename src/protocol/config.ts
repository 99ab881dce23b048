import { object, string, type Infer } from './schema/schema.ts';
import { array, boolean, optional, record } from './schema/schema-types.ts';
import { SIGN_IN_CONFIG } from './sign-in-config.ts';
import { CONFIG_FIELDS } from './start-config.ts';

export { CONFIG_GLOBAL, callbacksOf, signInKindsOf } from './start-config.ts';
export type { ApiRule, CodecName, SocketConfig } from './start-config.ts';

/**
 * The version of `KeeperConfig`. A deployment may bake a configuration of another version than its worker script.
 *
 * History
 * 1  first version
 * 2  `signIn.oidc.prompt` is absent by default, and `signIn.oidc.scope` may be
 */
export const CONFIG_VERSION = 2;

/**
 * What a deployment decides at build or serve time. The server or the build writes it into the worker script. The worker
 * reads no part of it from IndexedDB, the Cache API or its own URL, because page script can write all of these
 * (docs/explanation/threat-model.md).
 */
export const KEEPER_CONFIG = object({ ...CONFIG_FIELDS, signIn: SIGN_IN_CONFIG });
export type KeeperConfig = Infer<typeof KEEPER_CONFIG>;

const NAMED_SECRET = { id: string, secret: string };

/** `former`: secrets of keys that the server has replaced. The worker opens records with them and seals none. */
export const SEAL_SECRET = object({ ...NAMED_SECRET, former: optional(array(object(NAMED_SECRET))) });
export type SealSecret = Infer<typeof SEAL_SECRET>;

/** What the server or the build writes into the worker script. */
export const INJECTED_CONFIG = object({
  config: KEEPER_CONFIG,
  /** Tier `sealed`: a secret of this installation. The server adds it only for a browser that fetches a worker script. */
  seal: optional(SEAL_SECRET),
  /** Headers of the app's document, for a worker that serves it. Page script can change those in the Cache API. */
  document: optional(record(string)),
  /**
   * Whether the worker calls `skipWaiting()` and `clients.claim()`: only where it is the site's whole worker. Default
   * `false`: a site's own worker decides.
   */
  takeOver: optional(boolean),
});
export type InjectedConfig = Infer<typeof INJECTED_CONFIG>;
