import type { Page } from 'playwright-core';
import { elapse } from '../base/elapse.ts';
import { clearStorage, hardReload } from '../browser/page-levers.ts';
import { PORTAL_HOST } from '../proxy/http/fault-answers.ts';
import { LAB_MARK } from '../proxy/http/gateway-request.ts';
import type { LabStep } from '../scenarios/scenario.ts';
import { headersOf } from '../site/evidence.ts';
import type { SignInModule } from '../site/sign-in-module.ts';
import { exchangesSince, NotOffered, type Stage } from './stage.ts';

/* Steps that act on pages and workers. */

const LOAD_WITHIN_MS = 15_000;
const REFRESH_WITHIN_MS = 5_000;
const LOOK_EVERY_MS = 5;
const ACT_WITHIN_MS = 5_000;
/** Long enough that a kill lands in the middle. */
const SLOW_REFRESH_MS = 600;
const UPDATE_SETTLES_MS = 1_500;
/** A request that renews tokens, at any provider. */
export const TOKEN_PATH = '/(oauth2?/)?(token|refresh|renew)s?([/?]|$)';

/** A page that cannot load is what some scenarios are about. */
const tolerant = async (load: Promise<unknown>): Promise<void> => void (await load.catch(() => undefined));

export const reload = (page: Page): Promise<void> =>
  tolerant(page.reload({ waitUntil: 'load', timeout: LOAD_WITHIN_MS }));

export const openTabs = async (stage: Stage, count: number): Promise<void> => {
  for (let opened = 0; opened < count; opened += 1) {
    const page = await stage.browser.context().newPage();
    stage.tabs.push(page);
    await tolerant(page.goto(stage.url, { waitUntil: 'load', timeout: LOAD_WITHIN_MS }));
  }
  await stage.browser.page().bringToFront();
};

/**
 * Sends the proof request in each tab, as the site's own code would. Does not wait for the answers. Then the user acts in the
 * first tab, where the sign-in module knows how.
 */
export const burst = async ({ browser, site, tabs }: Stage, count: number): Promise<void> => {
  const path = JSON.stringify(site.proof ?? '/');
  const send = async (page: Page): Promise<void> => {
    const headers = JSON.stringify({ ...(await headersOf(page, site)), accept: `*/*${LAB_MARK}` });
    await page.evaluate(
      `void Promise.allSettled(Array.from({ length: ${count} }, () => fetch(${path}, { cache: 'no-store', headers: ${headers} })))`,
    );
  };
  await Promise.all([browser.page(), ...tabs].map((page) => send(page).catch(() => undefined)));
  if (site.act) await Promise.race([tolerant(site.act(browser.page())), elapse(ACT_WITHIN_MS)]);
};

export const expireAccess = async (stage: Stage): Promise<void> => {
  const { expireAccess: hook } = stage.site.hooks ?? {};
  if (hook) return hook();
  if (stage.site.renews === false)
    return stage.declare('No token expired: this site has one for the whole session, and renews none.');
  stage.declare('Access tokens did not expire by themselves: the proxy refused those that were used before.');
  const { faults } = stage.network;
  const action = {
    type: 'status',
    status: 401,
    headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
  } as const;
  // A refresh may authenticate with the old access token, so it stays possible.
  faults.add({ match: { isUsedCredential: true, kinds: ['api'], path: `^(?!.*${TOKEN_PATH})` }, action });
};

export const killWorkerInRefresh = async (stage: Stage): Promise<void> => {
  const { network, browser, note } = stage;
  await expireAccess(stage);
  const slow = network.faults.add({ match: { path: TOKEN_PATH }, action: { type: 'delay', ms: SLOW_REFRESH_MS } });
  const since = Date.now();
  await burst(stage, 1);
  const isUnderWay = (): boolean => exchangesSince(stage, since).some(({ url }) => new RegExp(TOKEN_PATH).test(url));
  while (!isUnderWay() && Date.now() - since < REFRESH_WITHIN_MS) await elapse(LOOK_EVERY_MS);
  note('lab', isUnderWay() ? 'The worker was killed during a refresh' : 'No refresh came; the worker was killed');
  await browser.killWorkers();
  network.faults.remove(slow);
};

export const updateWorker = async (stage: Stage, withReload: boolean): Promise<void> => {
  const { network, browser } = stage;
  stage.declare('The new worker differs from the old one by a comment that the proxy adds.');
  network.faults.add({ match: { kinds: ['worker'] }, action: { type: 'append', text: `\n// ${Date.now()}\n` } });
  const page = browser.page();
  await page
    .evaluate('navigator.serviceWorker.getRegistration().then((found) => found?.update())')
    .catch(() => undefined);
  await elapse(UPDATE_SETTLES_MS);
  if (withReload) await reload(page);
};

export const backForward = async ({ browser }: Stage): Promise<void> => {
  const page = browser.page();
  await tolerant(page.goto(`http://${PORTAL_HOST}/`, { timeout: LOAD_WITHIN_MS }));
  await tolerant(page.goBack({ timeout: LOAD_WITHIN_MS }));
};

/** Storage that reports success and keeps nothing, as the native bridge of a desktop shell did that was not registered. */
const IGNORE_WRITES = `(() => {
  const succeed = function () { return this.count(); };
  if (globalThis.IDBObjectStore) { IDBObjectStore.prototype.put = succeed; IDBObjectStore.prototype.add = succeed; }
  if (globalThis.Storage) Storage.prototype.setItem = () => undefined;
})()`;
const FAIL_WRITES = `(() => {
  const fail = () => { throw new DOMException('The quota has been exceeded.', 'QuotaExceededError'); };
  if (globalThis.IDBObjectStore) { IDBObjectStore.prototype.put = fail; IDBObjectStore.prototype.add = fail; }
  if (globalThis.Storage) Storage.prototype.setItem = fail;
})()`;

const SIGN_OUT = /^\s*(sign|log) ?out\b|^abmelden/i;
const SIGN_OUT_WITHIN_MS = 10_000;
const signOut = async (page: Page, { signOut: known }: SignInModule): Promise<void> => {
  if (known) return known(page);
  const exit = page
    .getByRole('button', { name: SIGN_OUT })
    .or(page.getByRole('link', { name: SIGN_OUT }))
    .first();
  const isThere = await exit.waitFor({ timeout: SIGN_OUT_WITHIN_MS }).then(
    () => true,
    () => false,
  );
  if (!isThere) throw new NotOffered('the page shows no button to sign out; the sign-in module may export signOut');
  await exit.click({ timeout: SIGN_OUT_WITHIN_MS });
};

/** Another user takes over: the first one signs out in another tab, and the module may sign in a second one there. */
const signInOther = async (stage: Stage): Promise<void> => {
  await openTabs(stage, 1);
  const page = stage.tabs.at(-1);
  if (!page) return;
  await signOut(page, stage.site);
  await stage.site.signInOther?.(page);
};

type PageStep = Extract<
  LabStep,
  {
    type:
      | 'reload'
      | 'open-tabs'
      | 'reload-tabs'
      | 'kill-worker'
      | 'kill-worker-in-refresh'
      | 'update-worker'
      | 'back-forward'
      | 'clear'
      | 'ignore-writes'
      | 'fail-writes'
      | 'burst'
      | 'expire-access'
      | 'sign-in-other';
  }
>;

export const performPageStep = async (step: PageStep, stage: Stage): Promise<void> => {
  const page = stage.browser.page();
  switch (step.type) {
    case 'reload':
      return step.isHard ? tolerant(hardReload(page)) : reload(page);
    case 'open-tabs':
      return openTabs(stage, step.count);
    case 'reload-tabs':
      return void (await Promise.all([page, ...stage.tabs].map(reload)));
    case 'kill-worker':
      return stage.browser.killWorkers();
    case 'kill-worker-in-refresh':
      return killWorkerInRefresh(stage);
    case 'update-worker':
      return updateWorker(stage, step.reload);
    case 'back-forward':
      return backForward(stage);
    case 'clear':
      return clearStorage(page, new URL(stage.url).origin, step.what);
    case 'ignore-writes':
      return stage.browser.addScript(IGNORE_WRITES);
    case 'fail-writes':
      return stage.browser.addScript(FAIL_WRITES);
    case 'burst':
      return burst(stage, step.count);
    case 'expire-access':
      return expireAccess(stage);
    case 'sign-in-other':
      return signInOther(stage);
  }
};
