import type { WorkboxPlugin } from 'workbox-core/types';
import { startTimer } from '../../src/protocol/timing/timer.ts';

/**
 * Ends the work of an installation when none of it gets on. A slow network gets on. In Chromium 156 with a debugger, a request
 * for a file that the page requests at the same time sometimes gets no answer. The cache sometimes never stores a file.
 */
export type StallWatch = {
  readonly signal: AbortSignal;
  /** Notes what gets on, and lets the signal end the requests. */
  readonly plugin: WorkboxPlugin;
  /** Resolves as the work does, and rejects when all work stalls. */
  run(work: Promise<unknown>): Promise<unknown>;
  end(): void;
};

/** `ms`: how long nothing may happen. `cache`: the mode of all requests. */
export const createStallWatch = (ms: number, cache?: RequestCache): StallWatch => {
  const stalled = new AbortController();
  const { signal } = stalled;
  let cancel = (): void => undefined;
  const renew = (): void => {
    cancel();
    cancel = startTimer(() => stalled.abort(), ms);
  };
  renew();
  const rejected = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(new TypeError('stalled')));
  });
  rejected.catch(() => undefined);
  return {
    signal,
    run: (work) => Promise.race([work, rejected]),
    plugin: {
      requestWillFetch: async ({ request }) => new Request(request, { signal, ...(cache !== undefined && { cache }) }),
      fetchDidSucceed: async ({ response }) => {
        renew();
        return response;
      },
      cacheDidUpdate: async () => renew(),
    },
    end: () => cancel(),
  };
};
