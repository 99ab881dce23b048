import type * as Playwright from 'playwright-core';
import { installedChromium } from '../../../lab/browser/find-browser.ts';
import { isObject, own, parseJson, stringAt } from '../../../src/protocol/schema/json.ts';
import { KEEP_ALIVE_TYPE, PULSE_PATH } from '../../../src/protocol/bridge/bridge-constants.ts';
import type { Site } from './target.ts';

export type Registration = { scope: string; script: string };

/** The page as a browser with an empty profile loaded it. */
export type Visit =
  | { type: 'not-tried'; reason: string }
  | { type: 'failed'; detail: string }
  | {
      type: 'seen';
      /** Workers of the origin whose script is active. */
      registrations: readonly Registration[];
      /** The script of the worker that controls the page. */
      controller: string | undefined;
      /** Whether the worker that controls the page answered as only a keeper does. */
      isKeeper: boolean;
      /** What the workers themselves threw, each with its file and line. */
      workerErrors: readonly string[];
      /** Console errors and uncaught exceptions, at most ten. */
      errors: readonly string[];
    };

/** `auto`: the first Chromium on `PATH`. */
export type BrowserChoice = { type: 'none' } | { type: 'auto' } | { type: 'path'; path: string };

/** Keeps the browser from contacting other servers than the deployment. */
const QUIET = ['--disable-quic', '--disable-background-networking', '--no-first-run', '--disable-component-update'];
/** A browser needs longer to start than a server to answer. */
const START_TIMEOUT_FACTOR = 3;
const MAX_ERRORS = 10;
const MAX_ERROR_CHARS = 300;

const executableFor = (choice: BrowserChoice): string | undefined => {
  if (choice.type === 'none') return undefined;
  return choice.type === 'path' ? choice.path : installedChromium();
};

/**
 * Runs in the page. Waits at most `limitMs` for a controller: on a first load the page has none until the worker
 * calls `clients.claim()`.
 */
const inspectScript = (limitMs: number, pulse: string): string => `(async () => {
  const container = navigator.serviceWorker;
  if (!container) return JSON.stringify({ registrations: [] });
  const list = async () => (await container.getRegistrations()).flatMap((registration) =>
    registration.active ? [{ scope: registration.scope, script: registration.active.scriptURL }] : []);
  if (!container.controller) await new Promise((resolve) => {
    container.addEventListener('controllerchange', resolve, { once: true });
    setTimeout(resolve, ${limitMs});
  });
  // Only a keeper answers this path. A server never sees it behind one.
  const answer = container.controller ? await fetch('${pulse}').catch(() => undefined) : undefined;
  const keeper = answer?.status === 204 && answer.headers.get('content-type') === '${KEEP_ALIVE_TYPE}';
  return JSON.stringify({ registrations: await list(), controller: container.controller?.scriptURL, keeper });
})()`;

type Inspection = { registrations: Registration[]; controller: string | undefined; isKeeper: boolean };

const parseInspection = (value: unknown): Inspection | undefined => {
  const seen = typeof value === 'string' ? parseJson(value) : undefined;
  if (!isObject(seen)) return undefined;
  const list = own(seen, 'registrations');
  if (!Array.isArray(list)) return undefined;
  const registrations = list.flatMap((item: unknown) => {
    const scope = isObject(item) ? stringAt(item, 'scope') : undefined;
    const script = isObject(item) ? stringAt(item, 'script') : undefined;
    return scope !== undefined && script !== undefined ? [{ scope, script }] : [];
  });
  return { registrations, controller: stringAt(seen, 'controller'), isKeeper: own(seen, 'keeper') === true };
};

/** ` (https://site/app.js:3)`, or nothing where the browser names no file. */
const placeOf = ({ url, lineNumber }: { url: string; lineNumber: number }): string =>
  url === '' ? '' : ` (${url}:${lineNumber + 1})`;

/** Errors of workers reach no page. The developer tools report them (Chromium's domain `ServiceWorker`). */
const watchWorkers = async (page: Playwright.Page): Promise<readonly string[]> => {
  const errors: string[] = [];
  const session = await page.context().newCDPSession(page);
  session.on('ServiceWorker.workerErrorReported', ({ errorMessage: { errorMessage, sourceURL, lineNumber } }) => {
    if (errors.length < MAX_ERRORS)
      errors.push(`${errorMessage.slice(0, MAX_ERROR_CHARS)} (${sourceURL}:${lineNumber})`);
  });
  await session.send('ServiceWorker.enable');
  return errors;
};

const open = async (
  { chromium }: typeof Playwright,
  site: Site,
  executablePath: string,
  timeoutMs: number,
): Promise<Visit> => {
  const browser = await chromium.launch({ executablePath, args: QUIET, timeout: timeoutMs * START_TIMEOUT_FACTOR });
  try {
    const page = await browser.newPage();
    const errors: string[] = [];
    const addError = (text: string): void => {
      if (errors.length < MAX_ERRORS) errors.push(text.slice(0, MAX_ERROR_CHARS));
    };
    page.on('pageerror', (error) => addError(`uncaught: ${error.message}`));
    page.on('console', (message) => {
      if (message.type() === 'error') addError(`${message.text()}${placeOf(message.location())}`);
    });
    const workerErrors = await watchWorkers(page);
    await page.goto(site.url.href, { timeout: timeoutMs });
    const pulse = new URL(PULSE_PATH, site.worker).href;
    const seen = parseInspection(await page.evaluate(inspectScript(timeoutMs, pulse)));
    return seen
      ? { type: 'seen', ...seen, workerErrors, errors }
      : { type: 'failed', detail: 'the script in the page returned nothing' };
  } finally {
    await browser.close();
  }
};

/** Opens the page once, in a new browser. `timeoutMs` limits the page load, and then the wait for the worker. */
export const visitWith = async (choice: BrowserChoice, site: Site, timeoutMs: number): Promise<Visit> => {
  const path = executableFor(choice);
  if (choice.type === 'none') return { type: 'not-tried', reason: 'Skipped because of --no-browser.' };
  if (path === undefined)
    return { type: 'not-tried', reason: 'There is no Chromium on PATH. Name one with --browser PATH.' };
  const driver = await import('playwright-core').catch(() => undefined);
  if (!driver)
    return { type: 'not-tried', reason: 'playwright-core is not installed. Run: npm install playwright-core' };
  try {
    return await open(driver, site, path, timeoutMs);
  } catch (error) {
    return { type: 'failed', detail: error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error) };
  }
};
