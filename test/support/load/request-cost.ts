import type { Worker } from '@playwright/test';
import { MODELS } from '../page/page-fetch.ts';

/** The time (ms) that the worker's code adds to a warm, authorized request, without the network. */
export type RequestCost = {
  requests: number;
  p50Ms: number;
  p95Ms: number;
  /** The same events with a listener that only fetches: the browser's own share. */
  bareP50Ms: number;
  /** The `Authorization` schemes of the requests that left the worker. */
  schemes: readonly string[];
};

/** The clock of a worker ticks every 0.1 ms, so requests are timed in batches. */
const BATCH = 25;

/**
 * Sends `requests` through the fetch event of a running worker, one after the other. An immediate answer replaces the
 * network. So the time runs from the event to the outgoing request, and back.
 */
export const requestCost = (worker: Worker, requests: number): Promise<RequestCost> =>
  worker.evaluate(
    async ([path, count, batch]) => {
      const scope = self as unknown as { fetch: typeof fetch; dispatchEvent(event: Event): boolean };
      const FetchEventClass = (self as unknown as { FetchEvent: new (type: string, init: object) => Event }).FetchEvent;
      const schemes = new Set<string>();
      const network = scope.fetch;
      const answered = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
        const out = new Request(input, init);
        schemes.add(out.headers.get('authorization')?.split(' ')[0] ?? 'none');
        return new Response('{}', { headers: { 'content-type': 'application/json' } });
      };

      const throughWorker = (request: Request): Promise<Response> =>
        new Promise((resolve, reject) => {
          const event = new FetchEventClass('fetch', { request, cancelable: true });
          Object.defineProperties(event, {
            respondWith: { value: (given: Promise<Response>) => void Promise.resolve(given).then(resolve, reject) },
            waitUntil: { value: () => undefined },
          });
          scope.dispatchEvent(event);
        });

      const timed = async (send: (request: Request) => Promise<Response>): Promise<number[]> => {
        const times: number[] = [];
        for (let done = 0; done < count; done += batch) {
          const begun = performance.now();
          for (let index = 0; index < batch; index++) await send(new Request(path));
          times.push((performance.now() - begun) / batch);
        }
        return times.toSorted((a, b) => a - b);
      };
      const at = (times: readonly number[], share: number): number => times[Math.floor(times.length * share)] ?? NaN;

      scope.fetch = answered;
      try {
        await timed(throughWorker);
        const times = await timed(throughWorker);
        const sent = [...schemes];
        const bare = await timed((request) => answered(request));
        return {
          requests: count,
          p50Ms: at(times, 0.5),
          p95Ms: at(times, 0.95),
          bareP50Ms: at(bare, 0.5),
          schemes: sent,
        };
      } finally {
        scope.fetch = network;
      }
    },
    [MODELS, requests, BATCH] as const,
  );

/** The newest worker of the app in this context. */
export const workerOf = (workers: readonly Worker[], origin: string): Worker => {
  const found = workers.findLast((worker) => worker.url().startsWith(`${origin}/sw.js`));
  if (!found) throw new Error(`No worker of ${origin} runs.`);
  return found;
};
