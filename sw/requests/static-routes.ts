import type { KeeperConfig } from '../../src/protocol/config.ts';
import { callbacksOf } from '../../src/protocol/start-config.ts';
import { KEEPER_ROOT, UPDATE_CHECK_SEARCH, PULSE_SCRIPT } from '../../src/protocol/bridge/bridge-constants.ts';

/** Static routing (https://wicg.github.io/service-worker-static-routing-api/). TypeScript 7.0 has no types for it. */
type Route = { condition: { urlPattern: URLPatternInit }; source: 'fetch-event' | 'network' };
type URLPatternInit = { protocol?: string; hostname?: string; port?: string; pathname: string; search?: string };
type Routable = ExtendableEvent & { addRoutes?(routes: readonly Route[]): Promise<void> };

const within = (origin: string, path: string): URLPatternInit => {
  const { protocol, hostname, port } = new URL(origin);
  return { protocol: protocol.slice(0, -1), hostname, port, pathname: path };
};

/** Paths of the worker's scope, and of the folder of its script. */
type Place = { origin: string; scope: string; folder: string };

/**
 * Makes sure that the keeper's requests reach the fetch event. Without it, Chromium's auto-preload races the start of a
 * stopped worker against the network. The page would get the response without authorization, and the code of a callback
 * would reach the server's log.
 */
export const addStaticRoutes = (
  event: ExtendableEvent,
  config: KeeperConfig,
  { origin, scope, folder }: Place,
): void => {
  const ours = [
    ...config.api.map((rule) => within(rule.origin === 'self' ? origin : rule.origin, `${rule.path}*`)),
    within(origin, `${folder}${KEEPER_ROOT}*`),
    within(origin, `${scope}${KEEPER_ROOT}*`),
    ...callbacksOf(config).map((path) => within(origin, path)),
  ];
  const routes: Route[] = [
    ...ours.map((urlPattern) => ({ condition: { urlPattern }, source: 'fetch-event' as const })),
    {
      condition: { urlPattern: { ...within(origin, folder + PULSE_SCRIPT), search: UPDATE_CHECK_SEARCH } },
      source: 'network',
    },
  ];
  const added = (event as Routable).addRoutes?.(routes);
  if (added) event.waitUntil(added.catch(() => undefined));
};
