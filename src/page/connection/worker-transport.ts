import type { Endpoint } from 'comlink';
import { KEEP_ALIVE_TYPE, MARK, PULSE_PATH } from '../../protocol/bridge/bridge-constants.ts';
import type { KeeperApi } from '../../protocol/bridge/bridge.ts';
import { isObject, own } from '../../protocol/schema/json.ts';
import { failed, type Problem, type Result } from '../../protocol/problem.ts';
import type { Bridge } from './bridge-client.ts';
import type { KeepAlive } from './keep-alive.ts';
import type { Transport } from './transport.ts';
import type { WorkerRegistration } from './worker-registration.ts';

const NEVER = new Promise<never>(() => {});
/** A request that waits in front of a worker which is replaced meanwhile is never answered (docs/explanation/worker-updates.md). */
const LOOK_DEADLINE_MS = 3_000;

/**
 * Calls go by `ServiceWorker.postMessage`, which starts a stopped worker; a MessagePort would die with it,
 * silently. The endpoint outlives any number of workers.
 */
const endpointOf = ({ container, post }: WorkerRegistration, session: () => string | undefined): Endpoint => {
  const answers = new EventTarget();
  container.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
    if (!isObject(data) || own(data, 'mark') !== MARK || own(data, 'type') !== 'answer') return;
    answers.dispatchEvent(new MessageEvent('message', { data: own(data, 'message') }));
  });
  container.startMessages();
  return {
    postMessage: (message: unknown, transfer) => post({ type: 'call', message, session: session() }, transfer),
    addEventListener: answers.addEventListener.bind(answers),
    removeEventListener: answers.removeEventListener.bind(answers),
  };
};

/** Whether the worker that controls this page is a keeper. Rejects when it does not answer in time. */
export const reachesKeeper = async (folder: string, send = fetch): Promise<boolean> => {
  const signal = AbortSignal.timeout(LOOK_DEADLINE_MS);
  const { headers } = await send(folder + PULSE_PATH, { signal, cache: 'no-store' });
  return headers.get('content-type') === KEEP_ALIVE_TYPE;
};

/** `connect()` rejects where the part does not load. */
const ignore = (): void => {};

/** The calls of a bridge that is still loading. Where it does not load, they fail. */
const lateApi = (loading: Promise<{ api: KeeperApi }>): KeeperApi => {
  const call = <T>(send: (api: KeeperApi) => Promise<Result<T>>): Promise<Result<T>> =>
    loading.then(
      ({ api }) => send(api),
      (error: unknown) => failed({ code: 'no-worker', detail: String(error) }),
    );
  return {
    snapshot: () => call((api) => api.snapshot()),
    signIn: (intent) => call((api) => api.signIn(intent)),
    signOut: (which) => call((api) => api.signOut(which)),
    nudge: (cause) => call((api) => api.nudge(cause)),
    journal: () => call((api) => api.journal()),
    publish: (message) => call((api) => api.publish(message)),
    backup: () => call((api) => api.backup()),
    restore: (record) => call((api) => api.restore(record)),
    sessions: () => call((api) => api.sessions()),
    showSession: (name) => call((api) => api.showSession(name)),
    signOutSession: (name) => call((api) => api.signOutSession(name)),
  };
};

/** A bridge to the worker whose calls are about this session. */
export const bridgeTo = (site: WorkerRegistration, session: () => string | undefined): Bridge => {
  const bridge = site.part.then(({ createBridge }) =>
    createBridge({ endpoint: endpointOf(site, session), ready: site.ready }),
  );
  bridge.catch(ignore);
  return {
    api: lateApi(bridge),
    workerDied: () => void bridge.then(({ workerDied }) => workerDied(), ignore),
  };
};

/** `session`: the one that the page shows. */
export const workerTransport = (
  site: WorkerRegistration,
  tab: string,
  session: () => string | undefined,
): Transport => {
  // A page may put `keeper.fetch` in the place of its `fetch`, which would then wait for itself.
  const ownFetch = globalThis.fetch.bind(globalThis);
  /*
   * If all workers die while a waiting worker activates, Chromium 156 names that one as the controller (measured). But
   * it sends all requests past it, until the document ends or the next worker comes. A request that only the worker
   * answers detects this. Before its answer the page sends no request that would miss its authorization.
   */
  let passedBy: ServiceWorker | null = null;
  const isBypassed = (): boolean => passedBy !== null && passedBy === site.container.controller;
  const look = async (): Promise<void> => {
    const { controller } = site.container;
    if (await reachesKeeper(site.folder, ownFetch)) return;
    passedBy = controller;
    // Only once: a worker of another library would be replaced again and again.
    replacing ??= site.replaceWorker().catch(() => {});
  };
  let replacing: Promise<unknown> | undefined;
  let looking: Promise<unknown> | undefined;
  const lookOnce = (): Promise<unknown> => (looking ??= look().catch(() => {}));
  site.container.addEventListener('controllerchange', () => {
    looking = undefined;
    void lookOnce();
  });
  const bridge = bridgeTo(site, session);
  const keepAlive = site.part.then(({ createKeepAlive }) =>
    createKeepAlive({
      folder: site.folder,
      tab,
      fetch: ownFetch,
      allowed: () => site.container.controller !== null && !isBypassed(),
    }),
  );
  keepAlive.catch(ignore);
  /** In the order of the calls. */
  const keep = (run: (keeping: KeepAlive) => void) => (): void => void keepAlive.then(run, ignore);
  return {
    api: bridge.api,
    hostDied: bridge.workerDied,
    keepAlive: {
      start: keep((keeping) => keeping.start()),
      stop: keep((keeping) => keeping.stop()),
      workerDied: keep((keeping) => keeping.workerDied()),
    },
    isBypassed,
    currentHost: site.activeWorker,
    attach: (intro, port) => {
      const post = (there: boolean): void => {
        // Without a worker there is no welcome, and the page repairs again before its next greeting.
        if (!there) return;
        site.post({ type: 'attach', intro }, [port]);
        site.requestActivation();
      };
      // The first snapshot after the welcome must already say whether a reload is due.
      void Promise.resolve(looking).then(site.ready).then(post);
    },
    repair: site.repair,
    awaitTakeover: site.awaitTakeover,
    // '' is a host's word for a browser without locks; shared and released at once: no page may keep another from noticing, nor from the back-forward cache
    hostGone: (life, signal) =>
      life === '' ? NEVER : navigator.locks.request(life, { mode: 'shared', signal }, () => {}),
    watchControl: (onControl, signal) => site.container.addEventListener('controllerchange', onControl, { signal }),
    fetch: async (request) => {
      const controlled = await site.controlled();
      if (controlled) {
        await lookOnce();
        await replacing;
        await lookOnce();
      }
      if (!controlled || isBypassed())
        throw new TypeError('no-worker', { cause: { code: 'no-worker', detail: 'no control' } satisfies Problem });
      return ownFetch(request);
    },
    abort: (name) => site.activeWorker() && site.post({ type: 'abort', name }),
  };
};
