/**
 * The version of all messages between a page and the worker. At each deployment old pages meet new workers, so each side
 * also accepts the version before its own, and the one after it.
 *
 * History
 * 1  first version
 * 2  a tab reports what it has read
 * 3  the worker sends the messages of a tab's socket in runs
 * 4  each run is a port message of its own
 * 5  a session can be in the state `sign-in-required`
 */
export const PROTOCOL = 5;

/** The oldest protocol that this build still talks to. */
export const OLDEST_PROTOCOL = 3;

export const isSupportedProtocol = (protocol: number): boolean =>
  protocol >= OLDEST_PROTOCOL && protocol <= PROTOCOL + 1;
