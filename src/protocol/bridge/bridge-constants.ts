/* A module goes into one bundle as a whole. A page needs these names, and not the parsers of bridge.ts. */

/** Marks our messages: the site's other scripts may exchange messages with the same worker. */
export const MARK = 'session-keeper';

/** The detail of `no-worker` where the address is not secure (https://w3c.github.io/webappsec-secure-contexts/). */
export const INSECURE_ADDRESS = 'This address is not secure: use https or localhost';

/** A document with this parameter comes from the server, past the app's shell: a proxy may want to sign people in. */
export const SERVER_SEARCH = 'from-server';

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
  'sessions',
  'showSession',
  'signOutSession',
] as const;

export type ApiMethod = (typeof API_METHODS)[number];

/** Calls that a page may repeat when the worker died before it answered. */
export const IDEMPOTENT_METHODS: ReadonlySet<ApiMethod> = new Set([
  'snapshot',
  'signOut',
  'nudge',
  'journal',
  'publish',
  'backup',
  'restore',
  'sessions',
  'showSession',
  'signOutSession',
]);

/** A request's name, with which the page can abort it. The worker removes the header. */
export const REQUEST_HEADER = 'keeper-request';

/** Says whose request this is, where an origin has several sessions. The worker removes the header. */
export const SESSION_HEADER = 'keeper-session';

/*
 * The paths below follow the folder of the worker's script: that of `/app/sw.js` answers `/app/__keeper/pulse`. So each
 * worker of an origin has its own, and the pages know it without a question.
 */

/** The worker answers all paths below this one. The server never sees them. */
export const KEEPER_ROOT = '__keeper/';
/** The worker answers with a stream that never ends. The browser does not stop the worker while the stream is open. */
export const KEEP_ALIVE_PATH = `${KEEPER_ROOT}lease`;
/** Type of the worker's own responses. A server that answers these paths by mistake sends another type. */
export const KEEP_ALIVE_TYPE = 'application/octet-stream';
/** Redirects a top-level document to the provider once after a sign-out, to end the sign-in there too. This path follows the scope. */
export const END_SESSION_PATH = `${KEEPER_ROOT}end-session`;
/** The last document of a sign-in in a window of its own. It posts its `id` on the channel. This path follows the scope. */
export const POPUP_PATH = `${KEEPER_ROOT}signed-in`;
export const POPUP_CHANNEL = 'session-keeper:popup';
/**
 * The worker answers with 204. The event keeps it alive in browsers where an open stream does not. A page also finds out
 * whether its requests reach the worker.
 */
export const PULSE_PATH = `${KEEPER_ROOT}pulse`;
/** Script of the dedicated worker that requests it. It is of this origin, so that `worker-src 'self'` allows it. */
export const PULSE_SCRIPT = 'keeper-pulse.js';
/** The script's query while a worker waits. The request goes past the active worker, which must become idle. */
export const UPDATE_CHECK_SEARCH = 'knock';
