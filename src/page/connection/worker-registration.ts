import { INSECURE_ADDRESS, MARK } from '../../protocol/bridge/bridge-constants.ts';
import type { Marked, PageMessage } from '../../protocol/bridge/bridge.ts';
import { PAGE_TAKEOVER_MS } from '../../protocol/takeover-timing.ts';
import { failed, ok, type Problem, type Result } from '../../protocol/problem.ts';
import { REPLACEMENT_SEARCH, trustScript } from './trusted-types.ts';
import { requestTakeover } from './worker-update.ts';
import { waitForEvent } from '../util/timers.ts';

/** Installing includes a download, and the precaching of the site whose worker it may be. */
const INSTALL_DEADLINE_MS = 20_000;
/** Taking control took 1 to 3 ms (measured); a worker that is still starting may take longer. */
const CONTROL_DEADLINE_MS = 3_000;
const CLAIM_EVERY_MS = 500;
/** The first seconds of a page are the page's. */
const UPDATE_CHECK_AFTER_MS = 3_000;

/** The registration of our worker, and this page's relation to it. */
export type WorkerRegistration = {
  readonly container: ServiceWorkerContainer;
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

/** Resolves with `false` when the installation failed or took too long. */
const activation = (registration: ServiceWorkerRegistration): Promise<boolean> =>
  new Promise((resolve) => {
    const installed = registration.installing ?? registration.waiting;
    const timer = setTimeout(resolve, INSTALL_DEADLINE_MS, false);
    const look = () => {
      if (!registration.active && installed?.state !== 'redundant') return;
      clearTimeout(timer);
      resolve(registration.active !== null);
    };
    installed?.addEventListener('statechange', look);
    look();
  });

const hrefOf = (script: string | TrustedScriptURL): string => new URL(script as string, document.baseURI).href;

/**
 * The site may have registered this worker with options of its own. To register it with others would download it again,
 * which fails without a network.
 */
const registered = async (
  container: ServiceWorkerContainer,
  script: string | TrustedScriptURL,
): Promise<ServiceWorkerRegistration | undefined> => {
  const href = hrefOf(script);
  const found = await container.getRegistration(href);
  return found?.active?.scriptURL === href ? found : undefined;
};

/** The script is never taken from the HTTP cache: an update must not wait for `max-age`. */
const registerOnce = async (script: string | TrustedScriptURL) => {
  // Loaded in parallel with the realtime part: a first load waits for neither.
  const { Workbox } = await import('workbox-window/Workbox.js');
  return new Workbox(trustScript(script), { updateViaCache: 'none' }).register({ immediate: true });
};

/**
 * A server refuses a sealed script to a browser that has lost its cookie. Any document of the origin brings the cookie
 * again, and neither a cached one nor one of the app shell does.
 */
const withCookie = <T>(script: string | TrustedScriptURL, load: () => Promise<T>): Promise<T> =>
  load().catch(() => fetch(folderOf(script), { cache: 'no-store' }).then(load));

const register = (script: string | TrustedScriptURL) => withCookie(script, () => registerOnce(script));

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

/** Registers the worker. The problem `no-worker` says why this page cannot have one. */
export const registerWorker = async (script: string | TrustedScriptURL): Promise<Result<WorkerRegistration>> => {
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
    if (controller) return ok(siteOf(container, { active: controller, waiting: null }, script));
    const known = await registered(container, script);
    if (known) return ok(siteOf(container, known, script));
    const registration = await register(script);
    if (registration && (await activation(registration))) return ok(siteOf(container, registration, script, true));
    return failed({ code: 'no-worker', detail: 'not installed' });
  } catch (error) {
    return failed({ code: 'no-worker', detail: String(error) });
  }
};

/** Path of the folder of a worker's script: its scope, unless the site registers it for another one. */
export const folderOf = (script: string | TrustedScriptURL): string =>
  new URL('./', new URL(script as string, location.href)).pathname;

/** `isNew`: its script has just been downloaded. */
const siteOf = (
  container: ServiceWorkerContainer,
  first: Workers,
  script: string | TrustedScriptURL,
  isNew = false,
): WorkerRegistration => {
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

  const again = async () => {
    settling = true;
    const found = (await registered(container, script)) ?? (await register(script));
    if (!found) return;
    registration = found;
    await activation(found);
  };
  const repair = () =>
    (repairing ??= again()
      .catch(() => {})
      .finally(() => {
        repairing = undefined;
      }));
  /** The browser checks for an update after each navigation, and reports to no page that the server refused it. */
  const checkUpdate = async (): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, UPDATE_CHECK_AFTER_MS));
    const found = await registered(container, script);
    if (!navigator.onLine || !found || found.waiting || found.installing) return;
    await withCookie(script, () => found.update()).catch(() => {});
  };
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
    if (!container.controller) return false;
    import('./failed-media.ts').then(({ reloadFailedMedia }) => reloadFailedMedia()).catch(() => {});
    return true;
  };

  const replaceFormer = async (): Promise<Problem | undefined> => {
    await repair();
    const former = await import('./former-worker.ts');
    return registration instanceof ServiceWorkerRegistration
      ? former.replaceFormer(registration, hrefOf(script))
      : undefined;
  };

  const replaceWorker = async (): Promise<void> => {
    const { controller } = container;
    if (!controller) return;
    // Chromium 156 crashed twice when a page registered a worker during the activation of another.
    if (controller.state !== 'activated' && !(await waitForEvent(controller, 'statechange', PAGE_TAKEOVER_MS))) return;
    const own = [hrefOf(script), hrefOf(script) + REPLACEMENT_SEARCH];
    if (!own.includes(controller.scriptURL)) return void (await replaceFormer());
    const renewed = waitForEvent(container, 'controllerchange', PAGE_TAKEOVER_MS);
    await register(
      controller.scriptURL.endsWith(REPLACEMENT_SEARCH) ? script : `${script as string}${REPLACEMENT_SEARCH}`,
    );
    await renewed;
  };

  const requestActivation = (): void => {
    const { waiting } = registration;
    if (waiting !== keptOut) waiting?.postMessage({ mark: MARK, type: 'skip-waiting' } satisfies Marked<PageMessage>);
  };

  const handOver = async (): Promise<void> => {
    const done = new AbortController();
    requestTakeover(folder, done.signal);
    if (!(await waitForEvent(container, 'controllerchange', PAGE_TAKEOVER_MS))) keptOut = registration.waiting;
    done.abort();
    handingOver = undefined;
  };

  return {
    container,
    folder,
    activeWorker,
    post,
    ready: async () => (await present()) !== null,
    controlled: async () => (await present()) !== null && (container.controller !== null || (asking ??= ask())),
    awaitTakeover: () => (handingOver ??= handOver()),
    requestActivation,
    replaceWorker,
    repair,
    replaceFormer,
    settle() {
      if (isNew) return;
      void checkUpdate();
      if (!settling) void again().then(requestActivation, () => (settling = false));
    },
  };
};
