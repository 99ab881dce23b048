import { INSECURE_ADDRESS, MARK } from '../../protocol/bridge/bridge-constants.ts';
import type { Marked, PageMessage } from '../../protocol/bridge/bridge.ts';
import { PAGE_TAKEOVER_MS } from '../../protocol/takeover-timing.ts';
import { failed, ok, type Problem, type Result } from '../../protocol/problem.ts';
import { trustScript } from './trusted-types.ts';
import { waitForEvent } from '../util/timers.ts';
import { folderOf, hrefOf, registered } from '../util/worker-script.ts';

/** Taking control took 1 to 3 ms (measured); a worker that is still starting may take longer. */
const CONTROL_DEADLINE_MS = 3_000;
const CLAIM_EVERY_MS = 500;

export type WorkerPart = typeof import('./worker-part.ts');

/** The registration of our worker, and this page's relation to it. */
export type WorkerRegistration = {
  readonly container: ServiceWorkerContainer;
  /** Code that this page needs after its greeting. */
  readonly part: Promise<WorkerPart>;
  /** Path of the folder of its script. The worker's own paths for pages are below it. */
  readonly folder: string;
  activeWorker(): ServiceWorker | null;
  /** Starts the worker if it is stopped. Throws without an active worker. */
  post(message: PageMessage, transfer?: Transferable[]): void;
  /** Whether there is an active worker. Resolves when no takeover is in progress. */
  ready(): Promise<boolean>;
  /** Whether a worker controls this page. Asks the worker to claim the page if needed, and waits for a takeover like `ready()`. */
  controlled(): Promise<boolean>;
  /** Requests the takeover until the waiting worker controls the page, or the time for it is over. */
  awaitTakeover(): Promise<unknown>;
  /** Asks a waiting worker to check whether it should take over. Skips one that has failed to. */
  requestActivation(): void;
  /** Replaces the active worker with another one of the same build. Resolves when that controls the page, or after a deadline. */
  replaceWorker(): Promise<unknown>;
  /** Registers again: the site's data may have been cleared. */
  repair(): Promise<unknown>;
  /**
   * Replaces an active worker that is no keeper, with the one that this page registers. Resolves with the reason where it
   * stays.
   */
  replaceFormer(): Promise<Problem | undefined>;
  /** Registers now, if this page took the worker that controlled it already. */
  settle(): void;
};

/** Absent in insecure contexts and where workers are switched off; the getter throws in sandboxed frames. */
const containerOf = (): ServiceWorkerContainer | undefined => {
  try {
    return navigator.serviceWorker;
  } catch {
    return undefined;
  }
};

type Site = { container: ServiceWorkerContainer; script: string | TrustedScriptURL; part: Promise<WorkerPart> };

/** The members of a registration that this page uses. A `ServiceWorkerRegistration` changes with the browser's. */
type Workers = Pick<ServiceWorkerRegistration, 'active' | 'waiting'>;

/**
 * The worker that controls this page already. A page that took it need not wait for `register()`, which costs 15 ms and
 * more (`npm run bench -- reload`).
 */
const controllerOf = (
  { controller }: ServiceWorkerContainer,
  script: string | TrustedScriptURL,
): ServiceWorker | undefined =>
  controller?.state === 'activated' && controller.scriptURL === hrefOf(script) ? controller : undefined;

/** Registers the worker. The problem `no-worker` says why this page cannot have one. `part` is loading already. */
export const registerWorker = async (
  script: string | TrustedScriptURL,
  part: Promise<WorkerPart>,
): Promise<Result<WorkerRegistration>> => {
  const container = containerOf();
  if (!container) {
    // A worker needs a secure context (https://w3c.github.io/ServiceWorker/#secure-context).
    const detail = isSecureContext ? 'not available here' : INSECURE_ADDRESS;
    return failed({ code: 'no-worker', detail });
  }
  try {
    // The policy accepts the first script that it sees, and the keep-alive comes before `register()` here.
    trustScript(script);
    const controller = controllerOf(container, script);
    const site = { container, script, part };
    if (controller) return ok(siteOf(site, { active: controller, waiting: null }));
    const known = await registered(container, script);
    if (known) return ok(siteOf(site, known));
    // Both load in parallel with the realtime part: a first load waits for one round of requests.
    const [{ install }] = await Promise.all([part, import('workbox-window/Workbox.js')]);
    const registration = await install(script);
    if (registration) return ok(siteOf(site, registration, true));
    return failed({ code: 'no-worker', detail: 'not installed' });
  } catch (error) {
    return failed({ code: 'no-worker', detail: String(error) });
  }
};

/** `isNew`: its script has just been downloaded. */
const siteOf = ({ container, script, part }: Site, first: Workers, isNew = false): WorkerRegistration => {
  const folder = folderOf(script);
  let registration = first;
  let settling = first instanceof ServiceWorkerRegistration;
  let asking: Promise<boolean> | undefined;
  let handingOver: Promise<unknown> | undefined;
  let repairing: Promise<unknown> | undefined;
  let keptOut: ServiceWorker | null | undefined;

  /** After a user or the server has cleared the site's data, the active worker is redundant. */
  const activeWorker = () => (registration.active?.state === 'redundant' ? null : registration.active);

  const post = (message: PageMessage, transfer: Transferable[] = []) => {
    const target = activeWorker();
    if (!target) throw new TypeError('no worker');
    target.postMessage({ mark: MARK, ...message } satisfies Marked<PageMessage>, transfer);
  };

  const claim = () => activeWorker() && post({ type: 'claim' });

  /** A first page of an app below another app's scope is controlled by that app's worker. */
  const isControlled = () =>
    container.controller !== null && container.controller.scriptURL === activeWorker()?.scriptURL;

  const again = async () => {
    settling = true;
    const { renewRegistration } = await part;
    await renewRegistration(container, script, (found) => {
      registration = found;
    });
  };
  const repair = () =>
    (repairing ??= again()
      .catch(() => {})
      .finally(() => {
        repairing = undefined;
      }));
  const present = async () => {
    await handingOver;
    return activeWorker() ?? (await repair(), activeWorker());
  };

  /** A worker that dies on its way to `clients.claim()` says nothing: so the wish is repeated. */
  const ask = async (): Promise<boolean> => {
    claim();
    const timer = setInterval(claim, CLAIM_EVERY_MS);
    await waitForEvent(container, 'controllerchange', CONTROL_DEADLINE_MS);
    clearInterval(timer);
    asking = undefined;
    if (!isControlled()) return false;
    import('../util/failed-media.ts').then(({ reloadFailedMedia }) => reloadFailedMedia()).catch(() => {});
    return true;
  };

  const replaceFormer = async (): Promise<Problem | undefined> => {
    await repair();
    const former = await import('./former-worker.ts');
    return registration instanceof ServiceWorkerRegistration
      ? former.replaceFormer(registration, hrefOf(script))
      : undefined;
  };

  const requestActivation = (): void => {
    const { waiting } = registration;
    if (waiting !== keptOut) waiting?.postMessage({ mark: MARK, type: 'skip-waiting' } satisfies Marked<PageMessage>);
  };

  const handOver = async (): Promise<void> => {
    const taken = waitForEvent(container, 'controllerchange', PAGE_TAKEOVER_MS);
    const done = new AbortController();
    void part.then(({ requestTakeover }) => done.signal.aborted || requestTakeover(folder, done.signal));
    if (!(await taken)) keptOut = registration.waiting;
    done.abort();
    handingOver = undefined;
  };

  return {
    container,
    part,
    folder,
    activeWorker,
    post,
    ready: async () => (await present()) !== null,
    controlled: async () => (await present()) !== null && (isControlled() || (asking ??= ask())),
    awaitTakeover: () => (handingOver ??= handOver()),
    requestActivation,
    replaceWorker: async () => (await part).replaceController(container, script, replaceFormer),
    repair,
    replaceFormer,
    settle() {
      if (isNew) return;
      void part.then(({ checkUpdate }) => checkUpdate(container, script));
      if (!settling) void again().then(requestActivation, () => (settling = false));
    },
  };
};
