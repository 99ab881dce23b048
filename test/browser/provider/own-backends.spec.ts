import type { Page } from '@playwright/test';
import { killWorkers } from '../../support/browser/worker-kill.ts';
import { expect, FAILED_REQUEST, test } from '../../support/e2e.ts';
import { expectSession, snapshotOf } from '../../support/page/keeper-page.ts';
import { connectSite, openSite } from '../../support/sites/embedding-site.ts';
import {
  OWN_BACKEND_WORKER,
  startOwnBackendSite,
  type OwnBackendKind,
  type OwnBackendSite,
} from '../../support/providers/own-backends-site.ts';

/* Backends of a site's own in a real browser. test/host/auth/backends.test.ts has their many shapes. */

let site: OwnBackendSite;
test.beforeEach(({ complaints }) => complaints.expect(FAILED_REQUEST));
test.afterEach(() => site.stop());

/** A page of the site with a person who has signed in. */
const start = async (page: Page, kind: OwnBackendKind): Promise<void> => {
  site = await startOwnBackendSite(kind);
  await openSite(page, `${site.origin}/`, OWN_BACKEND_WORKER);
  const result = await page.evaluate((intent) => window.keeper.signIn(intent), site.intent);
  expect(result).toEqual({ ok: true, value: { type: 'signed-in' } });
  await expect.poll(async () => (await snapshotOf(page)).session).toMatchObject({ state: 'active', user: {} });
};

const secondTab = async (page: Page): Promise<Page> => {
  const other = await page.context().newPage();
  await openSite(other, `${site.origin}/`, OWN_BACKEND_WORKER);
  return other;
};

const ask = (page: Page, method = 'GET'): Promise<number> =>
  page.evaluate(async ([url, by]) => (await fetch(url, { method: by })).status, [site.items, method] as const);

/** What every session survives. */
const survivesReloadAndKill = async (page: Page, other: Page): Promise<void> => {
  expect(await Promise.all([ask(page), ask(other)])).toEqual([200, 200]);
  await page.reload();
  await connectSite(page, OWN_BACKEND_WORKER);
  await expectSession(page, 'active');
  await killWorkers(page);
  expect(await Promise.all([ask(page), ask(other)])).toEqual([200, 200]);
};

/** Both tabs go on sending, and the backend is not asked again and again. */
const endsInBothTabs = async (page: Page, other: Page, mostAsked: number): Promise<void> => {
  site.endSession();
  const before = site.asked.length;
  expect(await Promise.all([ask(page), ask(other)])).toEqual([401, 401]);
  for (const each of [page, other]) await expectSession(each, 'signed-out');
  for (let turn = 0; turn < 5; turn += 1) expect(await Promise.all([ask(page), ask(other)])).toEqual([401, 401]);
  expect(site.asked.length - before).toBeLessThanOrEqual(mostAsked);
};

test('a refresh token in an HttpOnly cookie renews the session of two tabs once [own-cookie]', async ({ page }) => {
  await start(page, 'cookie');
  const other = await secondTab(page);
  await survivesReloadAndKill(page, other);
  const before = site.asked.length;
  site.expire();
  expect(await Promise.all([ask(page), ask(other), ask(page)])).toEqual([200, 200, 200]);
  expect(site.asked.length - before).toBe(1);
  // The worker that starts next has nothing of the cookie but the knowledge that there is one.
  await killWorkers(page);
  site.expire();
  expect(await ask(other)).toBe(200);
  expect(await page.evaluate(() => document.cookie)).toBe('');
  await endsInBothTabs(page, other, 1);
});

test('a token that no one renews leads to a sign-in over the page when the backend refuses it [own-token]', async ({
  page,
}) => {
  await start(page, 'token');
  const other = await secondTab(page);
  await survivesReloadAndKill(page, other);
  site.expire();
  expect(await Promise.all([ask(page), ask(other)])).toEqual([401, 401]);
  // Only the person can go on, and the page stays as it is.
  for (const each of [page, other]) await expectSession(each, 'sign-in-required');
  expect(site.asked).toEqual([]);
  await page.evaluate((intent) => window.keeper.signIn(intent), site.intent);
  await expectSession(other, 'active');
  expect(await Promise.all([ask(page), ask(other)])).toEqual([200, 200]);
});

test('a session in a cookie with a CSRF header lives and ends in both tabs [own-csrf]', async ({ page }) => {
  await start(page, 'csrf');
  const other = await secondTab(page);
  await survivesReloadAndKill(page, other);
  // The page knows nothing of the token that the backend wants for changes.
  expect(await Promise.all([ask(page, 'POST'), ask(other, 'POST')])).toEqual([200, 200]);
  await endsInBothTabs(page, other, 2);
});
