const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 60_000;

/**
 * Loads a part of the app's script, and retries with growing pauses until it succeeds: the worker that serves the file
 * may be stopping, or the network may be down. Chromium fetches a failed module again on the next `import()`
 * (https://github.com/whatwg/html/issues/6768).
 *
 * @example await retryImport(() => import('./later.ts'))
 */
export const retryImport = <T>(load: () => Promise<T>, waitMs = FIRST_WAIT_MS): Promise<T> =>
  load().catch(async () => {
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    return retryImport(load, Math.min(2 * waitMs, LONGEST_WAIT_MS));
  });
