import { createHost } from '../src/host/host.ts';
import type { SocketsFactory } from '../src/host/sockets/shared-sockets.ts';
import type { Host } from '../src/host/services/host-types.ts';
import { END_SESSION_PATH, parsePageMessage } from '../src/protocol/bridge.ts';
import type { InjectedConfig } from '../src/protocol/config.ts';
import { createAbortableRequests, type AbortableRequests } from './requests/abortable-requests.ts';
import { answerCall } from './calls/call-bridge.ts';
import { createKeepAlives, type KeepAlives } from './keep-alive.ts';
import { createClientRateLimit } from './calls/client-rate-limit.ts';
import { createTakeoverTiming } from './updates/takeover-timing.ts';
import { addStaticRoutes } from './requests/static-routes.ts';
import { announceTakeover, repeatSkipWaiting } from './updates/takeover.ts';

declare const self: ServiceWorkerGlobalScope;

export type KeepSessionOptions = InjectedConfig & {
  /** `sharedSockets`, where pages use sockets or channels. */
  sockets?: SocketsFactory;
  /** Identity of the build, for "a new version is ready". */
  build?: string;
  /** Whether this worker takes over from its predecessor by itself. A site's own worker decides that for itself. */
  takeOver?: boolean;
};

/** An event that is kept open longer than this kills the worker at five minutes (measured); the work is done sooner or not at all. */
const LONGEST_EVENT_MS = 240_000;

const keepOpen = (event: ExtendableEvent, work: Promise<unknown> | undefined): void => {
  if (!work) return;
  let timer: ReturnType<typeof setTimeout>;
  const late = new Promise((resolve) => (timer = setTimeout(resolve, LONGEST_EVENT_MS)));
  event.waitUntil(Promise.race([work, late]).finally(() => clearTimeout(timer)));
};

/**
 * Keeps the session of this worker's origin: authorization on the requests of the allow-list, one socket for all tabs,
 * the sign-in callback. Call it first and synchronously, so that its listeners come before the site's own; it answers
 * its own requests only and leaves every other to them.
 */
export const keepSession = (options: KeepSessionOptions): Host => {
  const { config, seal, sockets, build = '', takeOver = false } = options;
  const host = createHost({ config, origin: location.origin, where: 'service-worker', build, seal, sockets });
  const leases = createKeepAlives(host.leave);
  const aborts = createAbortableRequests();
  const room = createTakeoverTiming(repeatSkipWaiting(), self.registration);
  const handOver = (event: ExtendableEvent, ms: number): void => {
    host.handOver(ms);
    leases.end();
    aborts.endStreams();
    room.hold(event, ms);
  };
  const repeat = announceTakeover();

  self.addEventListener('install', (event) => {
    addStaticRoutes(event, config, location.origin);
    if (takeOver) void self.skipWaiting();
  });
  self.addEventListener('activate', (event) => {
    if (takeOver) event.waitUntil(self.clients.claim());
  });
  self.addEventListener('fetch', room.trackRequest);
  self.addEventListener('fetch', (event) => intercept(event, host, leases, aborts, config.signIn.oidc?.callback));
  self.addEventListener('message', (event) => hear(event, host, aborts, takeOver, handOver, repeat));
  return host;
};

const intercept = (
  event: FetchEvent,
  host: Host,
  leases: KeepAlives,
  aborts: AbortableRequests,
  callback: string | undefined,
): void => {
  const { request } = event;
  const url = new URL(request.url);
  const answer = (response: Response | Promise<Response>): void => {
    event.stopImmediatePropagation();
    event.respondWith(response);
  };
  if (request.mode === 'navigate') {
    const next = isDocument(request, url, callback)
      ? host.callback(url)
      : isDocument(request, url, END_SESSION_PATH) && host.endSession();
    if (next) answer(next.then((to) => Response.redirect(to, 302)));
    return;
  }
  const match = host.match(request, url);
  if (match.treatment === 'leave') {
    if (leases.covers(url)) answer(leases.respond(url));
    return;
  }
  // Developer tools ask so for their own sake; such a request cannot be sent again (mswjs/msw, the same trap).
  if (request.cache === 'only-if-cached' && request.mode !== 'same-origin') return;
  answer(aborts.send(request, (sent) => host.fetch(sent, match)));
  keepOpen(event, host.pending());
};

/** Top-level documents only: a frame's silent flow gets nothing from us. */
const isDocument = ({ method, destination }: Request, { origin, pathname }: URL, path: string | undefined): boolean =>
  method === 'GET' && destination === 'document' && origin === location.origin && pathname === path;

const isPaced = createClientRateLimit(Date.now);

const hear = (
  event: ExtendableMessageEvent,
  host: Host,
  aborts: AbortableRequests,
  takeOver: boolean,
  handOver: (event: ExtendableEvent, ms: number) => void,
  repeat: () => void,
): void => {
  const message = parsePageMessage(event.data);
  if (event.source instanceof ServiceWorker) {
    if (message?.type === 'taking-over') handOver(event, message.ms);
    if (message?.type === 'skip-waiting') repeat();
  }
  if (!message || !(event.source instanceof Client)) return;
  const paced = isPaced(event.source.id);
  if (!paced && message.type !== 'call') return;
  switch (message.type) {
    case 'call':
      return keepOpen(
        event,
        answerCall(host.api, event.source, message.message, paced).then(() => host.pending()),
      );
    case 'attach': {
      const [port] = event.ports;
      if (port) host.attach(message.intro, port);
      return keepOpen(event, host.pending());
    }
    case 'abort':
      return aborts.abort(message.name);
    case 'claim':
      return event.waitUntil(self.clients.claim());
    case 'skip-waiting':
      // A page may have met a worker in office that has not heard of the wish; a site's own worker decides for itself.
      return takeOver ? event.waitUntil(self.skipWaiting()) : undefined;
    case 'taking-over':
      return;
  }
};
