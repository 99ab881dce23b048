import type { Page, Request } from '@playwright/test';
import { KEEP_ALIVE_PATH } from '../../../src/protocol/bridge/bridge-constants.ts';
import { parseJson } from '../../../src/protocol/schema/json.ts';

/** Counts the keep-alive requests of a page from now on, and those that have ended. */
export const watchKeepAlives = (page: Page): { readonly taken: number; readonly ended: number } => {
  const counts = { taken: 0, ended: 0 };
  const isKeepAlive = (request: Request): boolean => new URL(request.url()).pathname === `/${KEEP_ALIVE_PATH}`;
  page.on('request', (request) => (counts.taken += Number(isKeepAlive(request))));
  page.on('requestfinished', (request) => (counts.ended += Number(isKeepAlive(request))));
  page.on('requestfailed', (request) => (counts.ended += Number(isKeepAlive(request))));
  return counts;
};

/** A page of Playwright, or one over a bare DevTools connection. */
type AnyPage = { evaluate(expression: string): Promise<unknown> };

/** Longer than a new worker may take. The browser gives up after five minutes. */
const UPDATE_DEADLINE_MS = 20_000;

/** Notes the workers that there are, one of which may wait already, and when another one controls this page. */
const WATCH = `(async () => {
  const { installing, waiting, active } = await navigator.serviceWorker.ready;
  const former = [installing, waiting, active];
  const controlled = new Promise((resolve) =>
    navigator.serviceWorker.addEventListener('controllerchange', () => resolve(performance.now()), { once: true }));
  globalThis.watchedUpdate = { former, controlled };
})()`;

/**
 * A page that checks by itself in the same moment may have read the former script, and both checks are then one:
 * https://w3c.github.io/ServiceWorker/#schedule-job-algorithm. So this page checks until it finds a worker. Chromium 156
 * once never settled the promise of a check, while a tab that opened at the same time registered the worker.
 */
const UPDATE = `(async () => {
  const registration = await navigator.serviceWorker.ready;
  const { former, controlled } = watchedUpdate;
  const late = (value) => new Promise((resolve) => setTimeout(resolve, ${UPDATE_DEADLINE_MS}, value));
  const end = performance.now() + ${UPDATE_DEADLINE_MS};
  const found = () =>
    [registration.installing, registration.waiting, registration.active].find((worker) => worker && !former.includes(worker));
  while (!found() && performance.now() < end) await Promise.race([registration.update(), late()]);
  const next = found();
  if (!next) return { problem: 'was not found' };
  if (next.state === 'installing')
    await Promise.race([new Promise((resolve) => next.addEventListener('statechange', resolve, { once: true })), late()]);
  const installedAt = performance.now();
  if (next.state === 'installing' || next.state === 'redundant') return { problem: 'was not installed, but is ' + next.state };
  globalThis.watchedUpdate.control = async () => {
    const controlledAt = await Promise.race([controlled, late()]);
    return controlledAt ? { ms: controlledAt - installedAt } : { problem: 'does not control the page, but is ' + next.state };
  };
  return {};
})().then(JSON.stringify)`;

const CONTROL = `watchedUpdate.control().then(JSON.stringify)`;

const outcome = async (page: AnyPage, expression: string): Promise<number> => {
  // The expressions above write it.
  const { problem, ms } = parseJson(String(await page.evaluate(expression))) as { problem?: string; ms?: number };
  if (problem !== undefined) throw new Error(`The new worker ${problem}.`);
  return ms ?? 0;
};

/** Deploys another worker. Resolves with the result of `deploy` when the new worker is installed. */
export const updateToWait = async <T>(page: AnyPage, deploy: () => T | Promise<T>): Promise<T> => {
  await page.evaluate(WATCH);
  const deployed = await deploy();
  await outcome(page, UPDATE);
  return deployed;
};

/** Deploys another worker. Resolves when it controls the page: `ms` counts from its installation. */
export const update = async <T>(
  page: AnyPage,
  deploy: () => T | Promise<T>,
): Promise<{ readonly deployed: T; readonly ms: number }> => {
  const deployed = await updateToWait(page, deploy);
  return { deployed, ms: await outcome(page, CONTROL) };
};
