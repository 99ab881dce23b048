import { SESSION_HEADER } from '../../protocol/bridge/bridge-constants.ts';
import type { KeeperConfig } from '../../protocol/config.ts';
import type { Problem } from '../../protocol/problem.ts';
import { parseJson } from '../../protocol/schema/json.ts';
import { callbacksOf, START_CONFIG } from '../../protocol/start-config.ts';
import { misfitOf } from '../../protocol/schema/misfit.ts';
import { WORKER_TAKEOVER_MS } from '../../protocol/takeover-timing.ts';
import { createHost } from '../../host/host.ts';
import { orReject } from '../../host/session/own-requests.ts';
import { createRequests } from '../../host/session/requests.ts';
import { createApi } from '../../host/services/keeper-api.ts';
import type { KeeperApi } from '../../protocol/bridge/bridge.ts';
import { sharedSockets } from '../../host/sockets/shared-sockets.ts';
import { noteOnce } from '../../host/runtime/developer-note.ts';
import { createConnections } from '../../host/runtime/connections.ts';
import { stoppableClock } from '../../host/runtime/stoppable-clock.ts';
import type { LoadAuth } from '../../host/auth/late-auth.ts';
import type { Host } from '../../host/services/host-types.ts';
import { createPlainRecords } from '../../host/storage/plain-records.ts';
import { sendWith } from '../../host/runtime/send-directly.ts';
import { authorizePageFetch, formerFetch } from './authorized-page-fetch.ts';
import { folderOf } from '../util/worker-script.ts';
import { inPageTransport } from './in-page-transport.ts';
import { unavailableHost } from './unavailable-host.ts';
import { upgradeToWorker } from './upgrade-to-worker.ts';
import type { InPageOptions, Transport } from '../connection/transport.ts';

const ELEMENT = 'script[type="application/json"]#session-keeper';

/**
 * The configuration for a page without a worker: that of `connect()`, else the one in the document. Both are read by the
 * schema, because a page in plain JavaScript has no types. `undefined`: there is none, or not a complete one.
 */
const configOf = (given: unknown): KeeperConfig | undefined => {
  const element = given === undefined ? document.querySelector(ELEMENT) : null;
  const value = given ?? parseJson(element?.textContent ?? '');
  const misfit = value === undefined && !element ? undefined : misfitOf(START_CONFIG, value, 'config');
  if (misfit && element) noteOnce('document-config', `the configuration in the document is not complete: ${misfit}`);
  else if (misfit) noteOnce('config-misfit', `connect() got a configuration that is not complete: ${misfit}`);
  return START_CONFIG.read(value);
};

/** The page works on without the worker, so its developer learns why from the console only. */
const noteWhy = (problem: Problem, consequence: string): void => {
  const why = 'detail' in problem ? problem.detail : problem.code;
  noteOnce('no-worker', `no worker runs here (${why}). ${consequence}`);
};

const STANDS_IN = 'The session runs in this page instead, and protects its tokens less.';
const CANNOT_STAND_IN =
  'This page cannot stand in for it without a configuration: give one to connect(), or put it into the document (docs/how-to/embed-in-a-site.md).';

/**
 * A page at an address that is not secure has no WebCrypto, and so no PKCE and no DPoP. The other sign-in methods work.
 * (https://w3c.github.io/webcrypto/#Crypto-interface)
 */
const withoutCrypto = (config: KeeperConfig | undefined): KeeperConfig | undefined => {
  if (!config) return undefined;
  const { oidc, ...signIn } = config.signIn;
  return Object.values(signIn).some((method) => method !== undefined) || !oidc ? { ...config, signIn } : undefined;
};

/**
 * Without a worker the callback of the provider opens a document, which is this one. It removes the code from the address
 * at once. A framed document gets nothing, as from a worker.
 */
const takeCallback = async (host: Host, api: KeeperApi, callbacks: readonly string[]): Promise<void> => {
  if (!callbacks.includes(location.pathname) || window.top !== window.self) return;
  const url = new URL(location.href);
  history.replaceState(history.state, '', url.pathname);
  const path = await host.callback(url);
  // The sign-in took too long, so it begins again at the provider.
  if (!path.startsWith('/')) return location.replace(path);
  await host.pending();
  const snapshot = await api.snapshot();
  // Only this host knows what went wrong: a navigation would lose it.
  if (snapshot.ok && snapshot.value.session.state === 'signed-out') history.replaceState(history.state, '', path);
  else location.replace(path);
};

const loadAuth: LoadAuth = () => import('../../host/auth/auth.ts');

/**
 * The host in the page, for pages without a worker. Without a configuration there is no host either: then the transport
 * only reports the problem. The page's own `fetch` is authorized until a worker takes over.
 */
export const openInPageTransport = (options: InPageOptions): Transport => {
  const { config: given, build, tab, session, script, part, problem, patchFetch, WebSocket } = options;
  const upgrade = { script, part, tab, session: () => session };
  const config = isSecureContext ? configOf(given) : withoutCrypto(configOf(given));
  if (!config) {
    noteWhy(problem, CANNOT_STAND_IN);
    return upgradeToWorker(inPageTransport(unavailableHost(problem)), { ...upgrade, stop: () => {} });
  }
  noteWhy(problem, STANDS_IN);
  const former = formerFetch();
  sendWith(former);
  const { clock, stop } = stoppableClock();
  const connections = createConnections(clock, new URL(script as string, location.href));
  const requests = createRequests({
    ...{ config, origin: location.origin, connections },
    startHost: async () => host.start(),
    loadSenders: async () => host.senders,
  });
  const host = createHost({
    config,
    session,
    requests,
    origin: location.origin,
    // The scope that the worker would have: this host continues its session.
    scope: folderOf(script),
    where: 'page',
    build,
    createSealer: isSecureContext ? undefined : createPlainRecords,
    loadAuth,
    loadSockets: async () => (socketsOptions) => sharedSockets({ ...socketsOptions, WebSocket }),
    connections,
  });
  host.start();
  const api = createApi(host.apiOptions);
  void takeCallback(host, api, callbacksOf(config));
  const authorized = (given: Request): Promise<Response> => {
    const name = given.headers.get(SESSION_HEADER);
    // This host has one session. A request for another one must not go out with its token.
    if (name !== null && name !== (session ?? '')) return Promise.reject(new TypeError(`session ${name}`));
    const request = name === null ? given : new Request(given);
    request.headers.delete(SESSION_HEADER);
    const match = requests.matcher.match(request);
    return match.handling === 'ignore' ? former(request) : requests.fetch(request, match).then(orReject);
  };
  const restoreFetch = patchFetch ? authorizePageFetch(former, requests.matcher.covers, authorized) : undefined;
  const page = inPageTransport({ api, attach: (intro, port) => host.attach(intro, port), fetch: authorized });
  const end = (): void => {
    restoreFetch?.();
    host.handOver(WORKER_TAKEOVER_MS);
    stop();
  };
  return upgradeToWorker(page, { ...upgrade, stop: end });
};
