import { systemClock } from '../src/host/runtime/clock.ts';
import { createConnections } from '../src/host/runtime/connections.ts';
import type { Host } from '../src/host/services/host-types.ts';
import { createFirstVerdict } from '../src/host/session/first-verdict.ts';
import { createRequests } from '../src/host/session/requests.ts';
import type { FirstRead } from '../src/host/storage/first-read.ts';
import { END_SESSION_PATH, POPUP_PATH, SESSION_HEADER } from '../src/protocol/bridge/bridge-constants.ts';
import { callbacksOf } from '../src/protocol/start-config.ts';
import { parsePageMessage, type PageMessage } from '../src/protocol/bridge/bridge.ts';
import { createClientRateLimit } from './calls/client-rate-limit.ts';
import type { KeepSessionOptions, KeptSession } from './keep-session-options.ts';
import { createKeepAlives } from './keep-alive-responses.ts';
import { completeConfig } from './parts/complete-config.ts';
import type { StartedHost } from './parts/host-part.ts';
import type { LateCode } from './parts/late-code.ts';
import { createAbortableRequests } from './requests/abortable-requests.ts';
import { addStaticRoutes } from './requests/static-routes.ts';
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

/** What the rest of a worker may ask of the keeper. */
export type StartedKeeper = KeptSession & Pick<Host, 'isRedirected'>;

/**
 * `keepSession`, with the code that it needs late. At its start a worker has only what sends a request. The session
 * machine comes after the first answer, or with the first event that needs it.
 */
export const startKeeper = (options: StartOptions, late: LateCode): StartedKeeper => {
  const { seal, build = '', takeOver = false, firstRead } = options;
  const config = completeConfig(options.config);
  const { origin } = location;
  const scope = new URL(self.registration.scope).pathname;
  const folder = new URL('./', location.href).pathname;
  let host: StartedHost | undefined;
  let loading: Promise<StartedHost> | undefined;

  const createWith = async (part: Awaited<ReturnType<LateCode['host']>>): Promise<StartedHost> => {
    const given = { ...{ config, origin, scope, build, seal, requests, connections, firstRead }, loadAuth: late.auth };
    const options = { ...given, where: 'service-worker', loadSockets: late.sockets } as const;
    return config.sessions ? (await late.sessions()).startSessions(part, options) : part.startOne(options);
  };
  const loadHost = (): Promise<StartedHost> => {
    if (loading) return loading;
    loading = late.host().then(createWith);
    // The next event tries again.
    loading.catch(() => (loading = undefined));
    return loading;
  };
  /** A worker that waits reads nothing: the session may change until it is active. So only events of an active one call this. */
  const startHost = async (): Promise<StartedHost> => {
    host ??= await loadHost();
    host.start();
    return host;
  };
  const withHost = (use: (started: StartedHost) => unknown): Promise<unknown> =>
    host ? Promise.resolve(use(host)) : startHost().then(use);

  const connections = createConnections(systemClock, new URL(location.pathname, origin));
  const firstVerdict = firstRead && createFirstVerdict({ firstRead, config, origin, seal, now: Date.now });
  const requests = createRequests({
    ...{ config, origin, connections, firstVerdict, startHost },
    loadSenders: async () => (await loadHost()).senders,
  });
  const keepAlives = createKeepAlives(folder, (tab) => host?.leave(tab));
  const abortable = createAbortableRequests();
  const isWithinLimit = createClientRateLimit(Date.now);
  const timing = createStopTiming(requestAnnouncement(), self.registration);
  const repeatAnnouncement = announceTakeover();
  const callbacks = callbacksOf(config);

  /** What is left to do, once the page has its first answer. */
  const afterFirstAnswer = async (): Promise<void> => {
    await requests.order.answered;
    await (await startHost()).pending();
  };
  const keepOpenForRest = (event: ExtendableEvent): void => keepOpen(event, host ? host.pending() : afterFirstAnswer());

  /** For the code of the site. `client`: the id of the document that it is for. */
  const send = (sent: Request, client = ''): Promise<Response> =>
    abortable.send(sent, async (plain) => {
      const { sendOwn } = await late.host();
      return sendOwn(startHost, requests.matcher, plain, client);
    });

  const onFetch = (event: FetchEvent): void => {
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
        ? startHost().then((started) => started.callback(url))
        : isDocument(request, url, scope + END_SESSION_PATH) && startHost().then((started) => started.endSession(url));
      if (next) respond(next.then((to) => Response.redirect(to, 302)));
      else if (isDocument(request, url, scope + POPUP_PATH)) respond(startHost().then((started) => started.popup()));
      else if (isDocument(request, url, url.pathname)) {
        const { resultingClientId } = event;
        // In a task of its own: the browser asks the network once this event is handled. Parts of the script load for 10 ms.
        const handled = new Promise((resolve) => setTimeout(resolve));
        keepOpen(
          event,
          handled.then(() => withHost((started) => started.expectTab(resultingClientId))),
        );
      }
      return;
    }
    const match = requests.matcher.match(request, url);
    if (match.handling === 'ignore') {
      if (config.sessions && request.headers.has(SESSION_HEADER))
        return respond(startHost().then((started) => started.sendBare(request)));
      if (keepAlives.covers(url)) respond(keepAlives.respond(url));
      if (!host) keepOpenForRest(event);
      return;
    }
    // Developer tools send such requests for themselves. A worker cannot send one again (mswjs/msw has the same guard).
    if (request.cache === 'only-if-cached' && request.mode !== 'same-origin') return;
    const answer = (): Promise<Response> =>
      abortable.send(request, (plain) =>
        config.sessions
          ? startHost().then((started) => started.fetch(plain, match, event.clientId))
          : requests.fetch(plain, match),
      );
    const own = options.respond?.(event, (sent) => send(sent, event.clientId));
    respond(own ? own.then((given) => given ?? answer()) : answer());
    keepOpenForRest(event);
  };

  const onWorkerMessage = (event: ExtendableMessageEvent, message: PageMessage | undefined): void => {
    if (message?.type === 'skip-waiting') repeatAnnouncement();
    if (message?.type !== 'taking-over') return;
    const { ms } = message;
    keepOpen(
      event,
      withHost((started) => started.handOver(ms)),
    );
    keepAlives.end();
    abortable.endStreams();
    timing.hold(event, ms);
  };

  const onMessage = (event: ExtendableMessageEvent): void => {
    const { source } = event;
    const message = parsePageMessage(event.data);
    if (source instanceof ServiceWorker) onWorkerMessage(event, message);
    if (!message || !(source instanceof Client)) return;
    const isAccepted = isWithinLimit(source.id);
    if (!isAccepted && message.type !== 'call') return;
    switch (message.type) {
      case 'call': {
        const answer = async (started: StartedHost): Promise<void> => {
          await started.answer(source, message, isAccepted);
          await started.pending();
        };
        return keepOpen(event, withHost(answer));
      }
      case 'attach': {
        const [port] = event.ports;
        const attach = (started: StartedHost): Promise<void> | undefined => {
          if (port) started.attach(message.intro, port, source.id);
          return started.pending();
        };
        return keepOpen(event, withHost(attach));
      }
      case 'abort':
        return abortable.abort(message.name);
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
    addStaticRoutes(event, config, { origin, scope, folder });
    if (takeOver) void self.skipWaiting();
  });
  self.addEventListener('activate', (event) => {
    keepOpen(event, startHost());
    if (takeOver) event.waitUntil(self.clients.claim());
  });
  self.addEventListener('fetch', timing.trackRequest);
  self.addEventListener('fetch', onFetch);
  self.addEventListener('message', onMessage);
  return {
    isRedirected: () => host?.isRedirected() ?? false,
    fetch: (input, init) => send(new Request(input, init)),
  };
};
