const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 60_000;

/**
 * Loads a part of the app's script, and again until it is there: the worker that hands it over may be stopped while it
 * does, and the network may be away. Chromium asks anew for a module that failed (https://github.com/whatwg/html/issues/6768).
 */
export const retryImport = <T>(load: () => Promise<T>, waitMs = FIRST_WAIT_MS): Promise<T> =>
  load().catch(async () => {
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    return retryImport(load, Math.min(2 * waitMs, LONGEST_WAIT_MS));
  });
