import { MAX_NAME, NAME } from './page-names.ts';
import { TAB_INTRO } from './bridge.ts';
import { SESSION_NAME } from './session-name.ts';
import { number, object, string, union, unknown, type Infer } from '../schema/schema.ts';
import { array, boolean, list, oneOf, optional, stringIn, tuple, withDefault } from '../schema/schema-types.ts';

/*
 * Between a page and the frame of its vault: a document of another origin of the same site, with the worker
 * (docs/decisions/0023). Everything goes over one MessagePort, which lives as long as the frame's document.
 */

const HEADERS = list(tuple(string, string));

/** Frame to page, by `window.postMessage`: the frame listens. */
export const VAULT_READY = 'vault-ready';
/** Page to frame, by `window.postMessage`, with the port. Both are `Marked`. */
export const VAULT_OPEN = object({ type: oneOf('vault-open'), tab: NAME });

/** Calls that an embedding page may make. No sealed record leaves the vault. */
const VAULT_METHODS = [
  'snapshot',
  'signIn',
  'signOut',
  'nudge',
  'journal',
  'publish',
  'sessions',
  'showSession',
  'signOutSession',
] as const;
export const VAULT_CALL = object({
  id: NAME,
  type: oneOf('APPLY'),
  path: array(oneOf(...VAULT_METHODS)),
  argumentList: list(object({ type: oneOf('RAW'), value: unknown })),
});

/** A request without what only the page's own browser context can have. Its address is absolute. */
export const VAULT_REQUEST = object({
  url: stringIn(1, 65_536),
  method: stringIn(1, MAX_NAME),
  headers: HEADERS,
  /** A Blob, if there is one: this layer does not know the class. */
  body: unknown,
  credentials: oneOf('include', 'omit', 'same-origin'),
  cache: oneOf('default', 'force-cache', 'no-cache', 'no-store', 'only-if-cached', 'reload'),
  redirect: oneOf('error', 'follow', 'manual'),
});
export type VaultRequest = Infer<typeof VAULT_REQUEST>;

/** Page to frame, on the port. Those with an `id` get an answer with it. */
export const VAULT_QUESTION = union('type', {
  /** Carries a message of comlink. `session`: the one that the page shows. */
  call: { message: unknown, session: optional(SESSION_NAME) },
  /** Carries the port of a tab, for the worker. */
  attach: { intro: TAB_INTRO },
  'keep-alive': { what: oneOf('start', 'stop', 'died') },
  'host-died': {},
  /** Wants to learn when the worker is gone that holds this lock. */
  watch: { id: NAME, life: stringIn(0, MAX_NAME) },
  repair: { id: NAME },
  'await-takeover': { id: NAME },
  fetch: { id: NAME, request: VAULT_REQUEST },
  /** Ends the fetch or the watch of this id. */
  abort: { id: NAME },
});
export type VaultQuestion = Infer<typeof VAULT_QUESTION>;

export const VAULT_RESPONSE = object({
  url: string,
  status: number,
  statusText: withDefault(string, ''),
  headers: HEADERS,
  redirected: withDefault(boolean, false),
  /** A stream where the browser can transfer one (https://streams.spec.whatwg.org/#rs-transfer), else the bytes. */
  body: unknown,
});
export type VaultResponse = Infer<typeof VAULT_RESPONSE>;

/** Frame to page, on the port. */
export const VAULT_ANSWER = union('type', {
  /** First: what the vault authorizes, as origins and paths. */
  opened: { covers: list(object({ origin: string, path: string })) },
  /** Carries comlink's answer. */
  answer: { message: unknown },
  done: { id: NAME },
  /** Another worker controls the frame. */
  controlled: {},
  response: { id: NAME, response: VAULT_RESPONSE },
  /** The vault authorizes no such request: the page sends it itself. */
  'not-covered': { id: NAME },
  failed: { id: NAME, name: string, message: string, cause: unknown },
});
export type VaultAnswer = Infer<typeof VAULT_ANSWER>;

/** The query of the vault's document that leads back to the page at which a sign-in began. */
export const RETURN_SEARCH = 'return';
/** The JSON in the vault's document. */
export const VAULT_SETTINGS_ID = 'session-keeper-vault';
export const VAULT_SETTINGS = object({
  /** Exact origins that may embed the vault. */
  embedders: list(string),
  /** Path of the worker's script. */
  worker: string,
  /** Where the requests may go: `api` of the configuration. `self` is the vault's origin. */
  api: list(object({ origin: string, path: string })),
});
export type VaultSettings = Infer<typeof VAULT_SETTINGS>;
