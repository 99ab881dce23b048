import type { Problem } from '../../protocol/problem.ts';
import { PAGE_TAKEOVER_MS } from '../../protocol/takeover-timing.ts';
import { waitForEvent } from '../util/timers.ts';
import { folderOf, hrefOf, registered } from '../util/worker-script.ts';
import { REPLACEMENT_SEARCH, trustScript } from './trusted-types.ts';

/** Installing includes a download, and the precaching of the site whose worker it may be. */
const INSTALL_DEADLINE_MS = 20_000;
/** The first seconds of a page are the page's. */
const UPDATE_CHECK_AFTER_MS = 3_000;

/** The script is never taken from the HTTP cache: an update must not wait for `max-age`. */
const registerOnce = async (script: string | TrustedScriptURL) => {
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

/** Registers the worker. Resolves with `undefined` when its installation failed or took too long. */
export const install = async (script: string | TrustedScriptURL): Promise<ServiceWorkerRegistration | undefined> => {
  const registration = await register(script);
  return registration && (await activation(registration)) ? registration : undefined;
};

/** Registers the worker again, if its registration is gone. Calls `onFound` before the worker is active. */
export const renewRegistration = async (
  container: ServiceWorkerContainer,
  script: string | TrustedScriptURL,
  onFound: (registration: ServiceWorkerRegistration) => void,
): Promise<void> => {
  const found = (await registered(container, script)) ?? (await register(script));
  if (!found) return;
  onFound(found);
  await activation(found);
};

/** The browser checks for an update after each navigation, and reports to no page that the server refused it. */
export const checkUpdate = async (
  container: ServiceWorkerContainer,
  script: string | TrustedScriptURL,
): Promise<void> => {
  await new Promise((resolve) => setTimeout(resolve, UPDATE_CHECK_AFTER_MS));
  const found = await registered(container, script);
  if (!navigator.onLine || !found || found.waiting || found.installing) return;
  await withCookie(script, () => found.update()).catch(() => {});
};

/** Replaces the worker that controls this page with another one of the same build. `replaceFormer`: for one of no keeper. */
export const replaceController = async (
  container: ServiceWorkerContainer,
  script: string | TrustedScriptURL,
  replaceFormer: () => Promise<Problem | undefined>,
): Promise<void> => {
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
