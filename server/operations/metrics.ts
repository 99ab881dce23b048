import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Stats } from '../base/stats.ts';
import type { Storage } from '../storage/storage.ts';

/** What the server did since its start, in the text format of Prometheus. */
export type Metrics = {
  observe(request: { port: string; method: string; route: string; status: number; seconds: number }): void;
  /** Content type and text of an answer to a scrape. */
  read(): Promise<{ type: string; text: string }>;
};

/** In seconds. Most requests take milliseconds; the last bucket before infinity is where people give up. */
const BUCKETS = [0.002, 0.01, 0.05, 0.25, 1, 5];
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

const COUNTERS: readonly (readonly [name: keyof Stats, metric: string, help: string])[] = [
  ['refreshGrants', 'keeper_refresh_grants_total', 'Refresh tokens exchanged for new tokens.'],
  ['tokenRequests', 'keeper_token_requests_total', 'Requests to a token endpoint.'],
  ['ticketsMinted', 'keeper_tickets_minted_total', 'Tickets for sockets.'],
  ['ticketsUsed', 'keeper_tickets_used_total', 'Tickets that opened a socket.'],
  ['socketsOpened', 'keeper_sockets_opened_total', 'WebSockets opened.'],
];

/** `freeBytes`: of the data folder's volume. */
export const createMetrics = (
  stats: Stats,
  freeBytes: () => number | undefined,
  { isUp, fleet }: Pick<Storage, 'isUp' | 'fleet'>,
): Metrics => {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Histogram({
    name: 'keeper_http_request_duration_seconds',
    help: 'Time from the headers of a request to the end of its response. Status 0: the connection broke before.',
    labelNames: ['port', 'method', 'route', 'status'],
    buckets: BUCKETS,
    registers,
  });
  for (const [name, metric, help] of COUNTERS) {
    const counter: Counter = new Counter({
      name: metric,
      help,
      registers,
      collect: () => {
        counter.reset();
        counter.inc(stats[name]);
      },
    });
  }
  const open: Gauge = new Gauge({
    name: 'keeper_sockets_open',
    help: 'Open WebSockets.',
    registers,
    collect: () => open.set(stats.socketsOpen),
  });
  const free: Gauge = new Gauge({
    name: 'keeper_data_folder_free_bytes',
    help: "Free space of the data folder's volume.",
    registers,
    collect: () => free.set(freeBytes() ?? Number.NaN),
  });
  if (isUp) {
    const up: Gauge = new Gauge({
      name: 'keeper_store_up',
      help: 'Whether this instance reaches the shared store, and it is that of its secrets. 1: yes.',
      registers,
      collect: () => up.set(isUp() ? 1 : 0),
    });
    const instances: Gauge = new Gauge({
      name: 'keeper_instances',
      help: 'Instances that share the store, as this one knows.',
      registers,
      collect: () => instances.set(fleet.members().size),
    });
  }
  let hasProcessMetrics = false;
  return {
    observe({ port, method, route, status, seconds }) {
      // Each new label value is a new time series, and a client chooses the method.
      requests.observe({ port, method: METHODS.has(method) ? method : 'other', route, status }, seconds);
    },
    async read() {
      // They observe the event loop and the garbage collector, which costs time that only a reader is worth.
      if (!hasProcessMetrics) collectDefaultMetrics({ register: registry });
      hasProcessMetrics = true;
      return { type: registry.contentType, text: await registry.metrics() };
    },
  };
};
