import { KEEPER_CONFIG, type KeeperConfig } from '../../protocol/config.ts';
import { parseJson } from '../../protocol/schema/json.ts';
import { WORKER_TAKEOVER_MS } from '../../protocol/takeover-timing.ts';
import { createHost } from '../../host/host.ts';
import { createApi } from '../../host/services/keeper-api.ts';
import type { KeeperApi } from '../../protocol/bridge/bridge.ts';
import { sharedSockets } from '../../host/sockets/shared-sockets.ts';
import { stoppableClock } from '../../host/runtime/stoppable-clock.ts';
import type { LoadAuth } from '../../host/auth/late-auth.ts';
import type { Host } from '../../host/services/host-types.ts';
import { folderOf } from '../connection/worker-registration.ts';
import { inPageTransport } from './in-page-transport.ts';
import { unavailableHost } from './unavailable-host.ts';
import { upgradeToWorker } from './upgrade-to-worker.ts';
import type { InPageOptions, Transport } from '../connection/transport.ts';

/** The configuration in the document, for a page without a worker. `undefined`: there is none, or not a complete one. */
const documentConfig = (): KeeperConfig | undefined => {
  const element = document.querySelector('script[type="application/json"]#session-keeper');
  return KEEPER_CONFIG.read(parseJson(element?.textContent ?? ''));
};

/**
 * Without a worker the callback of the provider opens a document, which is this one. It removes the code from the address
 * at once. A framed document gets nothing, as from a worker.
 */
const takeCallback = async (host: Host, api: KeeperApi, callback: string | undefined): Promise<void> => {
  if (location.pathname !== callback || window.top !== window.self) return;
  const url = new URL(location.href);
  history.replaceState(history.state, '', url.pathname);
  const path = await host.callback(url);
  await host.pending();
  const snapshot = await api.snapshot();
  // Only this host knows what went wrong: a navigation would lose it.
  if (snapshot.ok && snapshot.value.session.state === 'signed-out') history.replaceState(history.state, '', path);
  else location.replace(path);
};

const loadAuth: LoadAuth = () => import('../../host/auth/auth.ts');

/** A host returns an error response where the browser's `fetch` rejects. */
const orReject = (response: Response): Response => {
  if (response.type === 'error') throw new TypeError('network');
  return response;
};

/**
 * The host in the page, for pages without a worker. Without a configuration or a secure context there is no host either:
 * then the transport only reports the problem.
 */
export const openInPageTransport = (options: InPageOptions): Transport => {
  const { config: given, build, tab, script, problem, WebSocket } = options;
  const config = given ?? documentConfig();
  // WebCrypto, and so PKCE, sealing and DPoP, work in secure contexts only (https://w3c.github.io/webcrypto/).
  if (!config || !isSecureContext) {
    return upgradeToWorker(inPageTransport(unavailableHost(problem)), { script, tab, stop: () => {} });
  }
  const { clock, stop } = stoppableClock();
  const host = createHost({
    config,
    origin: location.origin,
    // The scope that the worker would have: this host continues its session.
    scope: folderOf(script),
    where: 'page',
    build,
    loadAuth,
    loadSockets: async () => (socketsOptions) => sharedSockets({ ...socketsOptions, WebSocket }),
    clock,
  });
  host.start();
  const api = createApi(host.apiOptions);
  void takeCallback(host, api, config.signIn.oidc?.callback);
  const page = inPageTransport({
    api,
    attach: (intro, port) => host.attach(intro, port),
    fetch(request) {
      const match = host.match(request);
      return match.handling === 'ignore' ? fetch(request) : host.fetch(request, match).then(orReject);
    },
  });
  const end = (): void => {
    host.handOver(WORKER_TAKEOVER_MS);
    stop();
  };
  return upgradeToWorker(page, { script, tab, stop: end });
};
