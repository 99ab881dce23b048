/**
 * The version of everything that crosses between a page and the worker.
 * Old pages meet new workers at every deployment, so each side accepts the other's N and N-1.
 *
 * History
 * 1  first version
 * 2  tabs say what they have read
 * 3  what a tab's socket hears comes in runs
 * 4  each run is a message of its own
 */
export const PROTOCOL = 4;

/** The oldest protocol that this build still talks to. */
export const OLDEST_PROTOCOL = 3;

export const isSupportedProtocol = (protocol: number): boolean =>
  protocol >= OLDEST_PROTOCOL && protocol <= PROTOCOL + 1;
