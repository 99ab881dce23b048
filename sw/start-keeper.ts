import { createHost } from '../src/host/host.ts';
import type { Host } from '../src/host/services/host-types.ts';
import type { FirstRead } from '../src/host/storage/first-read.ts';
import { END_SESSION_PATH } from '../src/protocol/bridge/bridge-constants.ts';
import { callbacksOf } from '../src/protocol/start-config.ts';
import { parsePageMessage, type KeeperApi, type PageMessage } from '../src/protocol/bridge/bridge.ts';
import { createClientRateLimit } from './calls/client-rate-limit.ts';
import type { KeepSessionOptions } from './keep-session-options.ts';
import { createKeepAlives } from './keep-alive-responses.ts';
import { completeConfig } from './parts/complete-config.ts';
import type { LateCode } from './parts/late-code.ts';
import { createAbortableRequests } from './requests/abortable-requests.ts';
import { addStaticRoutes } from './requests/static-routes.ts';
import { isActiveWorker } from './updates/active-worker.ts';
import { createStopTiming } from './updates/stop-timing.ts';
import { announceTakeover, requestAnnouncement } from './updates/takeover.ts';

declare const self: ServiceWorkerGlobalScope;

/** Chromium kills a worker whose event stays open for five minutes (measured). The worker closes its events before that. */
const MAX_EVENT_MS = 240_000;

const keepOpen = (event: ExtendableEvent, work: Promise<unknown> | undefined): void => {
  if (!work) return;
  let timer: ReturnType<typeof setTimeout>;
  const late = new Promise((resolve) => (timer = setTimeout(resolve, MAX_EVENT_MS)));
  event.waitUntil(Promise.race([work, late]).finally(() => clearTimeout(timer)));
};

/** Top-level documents only: a silent sign-in in a frame must not reach the session. */
const isDocument = ({ method, destination }: Request, { origin, pathname }: URL, path: string | undefined): boolean =>
  method === 'GET' && destination === 'document' && origin === location.origin && pathname === path;

export type StartOptions = Omit<KeepSessionOptions, 'sockets' | 'signIn'> & { firstRead?: FirstRead | undefined };

/** `keepSession`, with the code that it needs late. */
export const startKeeper = (options: StartOptions, late: LateCode): Host => {
  const { seal, build = '', takeOver = false, firstRead } = options;
  const config = completeConfig(options.config);
  const scope = new URL(self.registration.scope).pathname;
  const folder = new URL('./', location.href).pathname;
  const host = createHost({
    config,
    origin: location.origin,
    scope,
    where: 'service-worker',
    build,
    seal,
    firstRead,
    loadAuth: late.auth,
    loadSockets: late.sockets,
  });
  const keepAlives = createKeepAlives(folder, host.leave);
  const requests = createAbortableRequests();
  const isWithinLimit = createClientRateLimit(Date.now);
  const timing = createStopTiming(requestAnnouncement(), self.registration);
  const repeatAnnouncement = announceTakeover();
  const callbacks = callbacksOf(config);
  let api: KeeperApi | undefined;
  // A worker that waits reads nothing: the session may change until it is active. Browsers without
  // `self.serviceWorker` (Firefox before 135) start with the first event that only an active worker gets.
  if (isActiveWorker()) host.start();

  const onFetch = (event: FetchEvent): void => {
    host.start();
    const { request } = event;
    const url = new URL(request.url);
    const respond = (response: Response | Promise<Response>): void => {
      event.stopImmediatePropagation();
      event.respondWith(response);
    };
    if (request.mode === 'navigate') {
      const next = isDocument(
        request,
        url,
        callbacks.find((path) => path === url.pathname),
      )
        ? host.callback(url)
        : isDocument(request, url, scope + END_SESSION_PATH) && host.endSession();
      if (next) respond(next.then((to) => Response.redirect(to, 302)));
      else if (isDocument(request, url, url.pathname)) host.expectTab(event.resultingClientId);
      return;
    }
    const match = host.match(request, url);
    if (match.handling === 'ignore') {
      if (keepAlives.covers(url)) respond(keepAlives.respond(url));
      return;
    }
    // Developer tools send such requests for themselves. A worker cannot send one again (mswjs/msw has the same guard).
    if (request.cache === 'only-if-cached' && request.mode !== 'same-origin') return;
    respond(requests.send(request, (sent) => host.fetch(sent, match)));
    keepOpen(event, host.pending());
  };

  const onWorkerMessage = (event: ExtendableMessageEvent, message: PageMessage | undefined): void => {
    if (message?.type === 'skip-waiting') repeatAnnouncement();
    if (message?.type !== 'taking-over') return;
    host.handOver(message.ms);
    keepAlives.end();
    requests.endStreams();
    timing.hold(event, message.ms);
  };

  const answer = async (source: Client, message: unknown, isAccepted: boolean): Promise<void> => {
    const { answerCall, createApi } = await late.calls();
    api ??= createApi(host.apiOptions);
    return answerCall(api, source, message, isAccepted);
  };

  const onMessage = (event: ExtendableMessageEvent): void => {
    const { source } = event;
    const message = parsePageMessage(event.data);
    if (source instanceof ServiceWorker) onWorkerMessage(event, message);
    if (!message || !(source instanceof Client)) return;
    if (message.type === 'call' || message.type === 'attach') host.start();
    const isAccepted = isWithinLimit(source.id);
    if (!isAccepted && message.type !== 'call') return;
    switch (message.type) {
      case 'call':
        return keepOpen(
          event,
          answer(source, message.message, isAccepted).then(() => host.pending()),
        );
      case 'attach': {
        const [port] = event.ports;
        if (port) host.attach(message.intro, port, source.id);
        return keepOpen(event, host.pending());
      }
      case 'abort':
        return requests.abort(message.name);
      case 'claim':
        return event.waitUntil(self.clients.claim());
      case 'skip-waiting':
        // The page may have reached an active worker that did not receive the announcement. So this one calls again.
        return takeOver ? event.waitUntil(self.skipWaiting()) : undefined;
      case 'replace-former':
        return event.waitUntil(self.skipWaiting());
      case 'taking-over':
        return;
    }
  };

  self.addEventListener('install', (event) => {
    addStaticRoutes(event, config, { origin: location.origin, scope, folder });
    if (takeOver) void self.skipWaiting();
  });
  self.addEventListener('activate', (event) => {
    host.start();
    if (takeOver) event.waitUntil(self.clients.claim());
  });
  self.addEventListener('fetch', timing.trackRequest);
  self.addEventListener('fetch', onFetch);
  self.addEventListener('message', onMessage);
  return host;
};
