/*
 * The names of the bridge, apart from its parsers: a module goes into one bundle as a whole, and a page needs
 * the names and never the parsers.
 */

/** Mark of our messages among those that a site's other scripts exchange with their worker. */
export const MARK = 'session-keeper';

/** The methods of `KeeperApi`: what a page may call. */
export const API_METHODS = [
  'snapshot',
  'signIn',
  'signOut',
  'nudge',
  'journal',
  'publish',
  'backup',
  'restore',
] as const;

export type ApiMethod = (typeof API_METHODS)[number];

/** Calls that may be sent again after the worker died under them. */
export const IDEMPOTENT_METHODS: ReadonlySet<ApiMethod> = new Set([
  'snapshot',
  'signOut',
  'nudge',
  'journal',
  'publish',
  'backup',
  'restore',
]);

/**
 * A page names a request by it, so that it can take it back before it is answered (`abort`); the worker takes the header
 * away.
 */
export const REQUEST_HEADER = 'keeper-request';

/** Paths below it are the worker's own; the server never sees them. */
export const KEEPER_ROOT = '/__keeper/';
/** The worker answers this one with a stream that never ends; while it is open, the worker lives. */
export const KEEP_ALIVE_PATH = `${KEEPER_ROOT}lease`;
/** Type of all that the worker answers itself; no server answers there, and if one does, it is with something else. */
export const KEEP_ALIVE_TYPE = 'application/octet-stream';
/** Leads from here to the provider, to end its sign-in too: once, after a sign-out, and top-level documents only. */
export const END_SESSION_PATH = `${KEEPER_ROOT}end-session`;
/**
 * It answers this one with 204: an event, for browsers in which an open stream keeps no worker alive; and for a page that
 * wants to know whether its requests come to the worker.
 */
export const PULSE_PATH = `${KEEPER_ROOT}pulse`;
/** Script of the dedicated worker that asks for it; of this origin, for the sake of `worker-src`. */
export const PULSE_SCRIPT = '/keeper-pulse.js';
/** What it is asked for with while a newcomer waits: past the worker, for which it would be one thing more to do. */
export const UPDATE_CHECK_SEARCH = 'knock';
