import { exponentialDelay, SCRIPT_BACKOFF } from '../../protocol/timing/backoff.ts';

/**
 * Loads a part of the app's script, and retries with growing pauses until it succeeds. The worker that serves the file
 * may be stopping, or the network may be down. Chromium fetches a failed module again on the next `import()`
 * (https://github.com/whatwg/html/issues/6768).
 *
 * @example await retryImport(() => import('./later.ts'))
 */
export const retryImport = <T>(load: () => Promise<T>, attempt = 0): Promise<T> =>
  load().catch(() =>
    new Promise((resolve) => setTimeout(resolve, exponentialDelay(attempt, SCRIPT_BACKOFF))).then(() =>
      retryImport(load, attempt + 1),
    ),
  );
