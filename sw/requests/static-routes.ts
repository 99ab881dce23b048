import type { KeeperConfig } from '../../src/protocol/config.ts';
import { KEEPER_ROOT, UPDATE_CHECK_SEARCH, PULSE_SCRIPT } from '../../src/protocol/bridge.ts';

/** Static routing (https://wicg.github.io/service-worker-static-routing-api/); not in TypeScript's library yet. */
type Route = { condition: { urlPattern: URLPatternInit }; source: 'fetch-event' | 'network' };
type URLPatternInit = { protocol?: string; hostname?: string; port?: string; pathname: string; search?: string };
type Routable = ExtendableEvent & { addRoutes?(routes: readonly Route[]): Promise<void> };

const within = (origin: string, path: string): URLPatternInit => {
  const { protocol, hostname, port } = new URL(origin);
  return { protocol: protocol.slice(0, -1), hostname, port, pathname: path };
};

/**
 * Sends what is ours through the fetch event for certain. Without this, Chromium's auto-preload races a cold worker's
 * navigation to the network, and what comes back is the bare answer; a callback's code would reach the server's log.
 */
export const addStaticRoutes = (event: ExtendableEvent, config: KeeperConfig, origin: string): void => {
  const callback = config.signIn.oidc?.callback;
  const ours = [
    ...config.api.map((rule) => within(rule.origin === 'self' ? origin : rule.origin, `${rule.path}*`)),
    within(origin, `${KEEPER_ROOT}*`),
    ...(callback === undefined ? [] : [within(origin, callback)]),
  ];
  const routes: Route[] = [
    ...ours.map((urlPattern) => ({ condition: { urlPattern }, source: 'fetch-event' as const })),
    { condition: { urlPattern: { ...within(origin, PULSE_SCRIPT), search: UPDATE_CHECK_SEARCH } }, source: 'network' },
  ];
  const added = (event as Routable).addRoutes?.(routes);
  if (added) event.waitUntil(added.catch(() => undefined));
};
