import type { Keeper } from '../../page/types/types.ts';
import { resolveAfter } from '../../protocol/timing/timer.ts';

/** The faults of the page, in the order of their buttons. */
export const FAULTS = [
  'worker',
  'reload',
  'hard-reload',
  'network',
  'drop',
  'freeze',
  'expire',
  'provider',
  'lost',
  'restart',
  'deploy',
  'tabs',
] as const;
export type FaultName = (typeof FAULTS)[number];

/** Only the command that drives the browser can do these: `npm run show`. */
export const NEEDS_SHOW: readonly FaultName[] = ['hard-reload'];

/** `npm run show` puts this function into the page (scripts/show.ts). Resolves once the fault has happened. */
type Show = (fault: FaultName) => Promise<void>;

const isShow = (value: unknown): value is Show => typeof value === 'function';

/** The lever of the command that drives this browser; `undefined` in a browser that a person started. */
export const showLever = (): Show | undefined => {
  const lever: unknown = Reflect.get(globalThis, 'sessionKeeperShow');
  return isShow(lever) ? lever : undefined;
};

/** What `npm run show` does for real; the fault routes do the rest. */
const SHOWN: readonly FaultName[] = ['worker', 'hard-reload', 'network', 'restart', 'tabs'];

const AWAY_MS = 3_000;
const FROZEN_MS = 5_000;
const REQUESTS_AT_ONCE = 40;
/** What the page requests during a run. It needs authorization. */
export const PROBE = '/api/v1/llm/models';

const post = async (keeper: Keeper, path: string, body: object = {}): Promise<void> => {
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const response = await keeper.fetch(`/lab${path}`, init);
  if (!response.ok) throw new Error(`/lab${path}: HTTP ${response.status}`);
};

const fault = (keeper: Keeper, at: 'api' | 'token' | 'ticket', rest: object): Promise<void> =>
  post(keeper, '/faults', { at, ...rest });

/** A page cannot kill its worker. It can have it replaced: the server serves another edition, and the browser takes it. */
const replaceWorker = async (keeper: Keeper): Promise<void> => {
  await post(keeper, '/deploy');
  const registration = await navigator.serviceWorker.getRegistration();
  await registration?.update();
};

/** The server ends the cut, because this page may be gone by then. */
const cutNetwork = async (keeper: Keeper): Promise<void> => {
  const cut = { kind: 'reset', forMs: AWAY_MS };
  await Promise.all((['api', 'token', 'ticket'] as const).map((at) => fault(keeper, at, cut)));
  await post(keeper, '/sockets/drop');
  await resolveAfter(AWAY_MS);
};

/** Makes the token need a refresh now, and the refresh meets the fault. */
const failRefresh = async (keeper: Keeper, rest: object): Promise<void> => {
  await fault(keeper, 'token', rest);
  await post(keeper, '/tokens/expire');
};

const askAllAtOnce = async (keeper: Keeper): Promise<void> => {
  await post(keeper, '/tokens/expire');
  const all = Array.from({ length: REQUESTS_AT_ONCE }, () => keeper.fetch(PROBE));
  await Promise.allSettled(all);
};

/** Causes the fault. Rejects when the server does not answer its fault routes, or when only `npm run show` can cause it. */
export const causeFault = async (keeper: Keeper, name: FaultName): Promise<void> => {
  const show = showLever();
  if (show && SHOWN.includes(name)) return show(name);
  switch (name) {
    case 'worker':
    case 'deploy':
      return replaceWorker(keeper);
    case 'reload':
      return location.reload();
    case 'hard-reload':
      throw new Error('npm run show');
    case 'network':
      return cutNetwork(keeper);
    case 'drop':
      return post(keeper, '/sockets/drop');
    case 'freeze':
      return post(keeper, '/sockets/freeze', { ms: FROZEN_MS });
    case 'expire':
      return post(keeper, '/tokens/expire');
    case 'provider':
      return failRefresh(keeper, { kind: 'status', status: 503, times: 2 });
    case 'lost':
      return failRefresh(keeper, { kind: 'lost', times: 1 });
    case 'restart':
      return post(keeper, '/restart', { downMs: AWAY_MS });
    case 'tabs':
      return askAllAtOnce(keeper);
  }
};
