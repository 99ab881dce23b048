import type { Page } from '@playwright/test';
import { expect, FAILED_REQUEST, test } from '../../support/e2e.ts';
import { expectSession, sessionStateOf } from '../../support/page/keeper-page.ts';
import { fetchOnce } from '../../support/page/page-fetch.ts';
import { killWorkers } from '../../support/browser/worker-kill.ts';
import {
  connectSite,
  embeddingConfig,
  keeperScript,
  openSite,
  PLAIN_PAGE,
  signInSite,
  startEmbeddingSite,
  type EmbeddingSite,
} from '../../support/sites/embedding-site.ts';

const APPS = ['/one/', '/two/'] as const;

let site: EmbeddingSite;
test.beforeEach(async ({ complaints }) => {
  complaints.expect(FAILED_REQUEST);
  site = await startEmbeddingSite();
});
test.afterEach(() => site.stop());

/** Two apps on one origin, each below a path of its own. */
const openBoth = async (page: Page, name?: string): Promise<[one: Page, two: Page]> => {
  const pages: [Page, Page] = [page, await page.context().newPage()];
  for (const [index, root] of APPS.entries()) {
    site.serve(root, PLAIN_PAGE);
    site.serve(`${root}keeper-sw.js`, await keeperScript(embeddingConfig(root, { name })));
    await openSite(pages[index] ?? page, site.origin + root, `${root}keeper-sw.js`);
  }
  return pages;
};

const userOf = (page: Page, url: string): Promise<string> => page.evaluate(async (to) => (await fetch(to)).text(), url);

const reopen = async (page: Page, root: string): Promise<void> => {
  await page.reload();
  await connectSite(page, `${root}keeper-sw.js`);
};

test('two apps of one origin know nothing of each other [two-apps]', async ({ page }) => {
  const [one, two] = await openBoth(page);
  await signInSite(one, 'ann');
  await reopen(two, '/two/');
  await expectSession(two, 'signed-out');
  await signInSite(two, 'bob');
  await killWorkers(page);
  await reopen(one, '/one/');
  await reopen(two, '/two/');
  expect(await userOf(one, '/one/api/x')).toContain('ann');
  expect(await userOf(two, '/two/api/x')).toContain('bob');
  await two.evaluate(() => window.keeper.signOut());
  expect(await fetchOnce(one, '/one/api/x')).toBe(200);
});

test('two scopes of one name share a session, and its end reaches both at once [two-scopes]', async ({ page }) => {
  const [one, two] = await openBoth(page, 'shop');
  await signInSite(one, 'ann');
  await expectSession(two, 'active');
  expect(await userOf(two, '/two/api/x')).toContain('ann');
  await two.evaluate(() => window.keeper.signOut());
  await expectSession(one, 'signed-out');
  expect(await fetchOnce(one, '/one/api/x')).toBe(401);
  await reopen(one, '/one/');
  expect(await sessionStateOf(one)).toBe('signed-out');
});

test('an app below another app has its own session from its first page on [nested-app]', async ({ page }) => {
  const inner = await page.context().newPage();
  for (const root of ['/', '/inner/']) {
    site.serve(root, PLAIN_PAGE);
    site.serve(`${root}keeper-sw.js`, await keeperScript(embeddingConfig(root)));
  }
  await openSite(page, `${site.origin}/`, '/keeper-sw.js');
  await signInSite(page, 'ann');
  expect(await userOf(page, '/api/x')).toContain('ann');
  await openSite(inner, `${site.origin}/inner/`, '/inner/keeper-sw.js');
  await expectSession(inner, 'signed-out');
  await signInSite(inner, 'bob');
  const answer = inner.evaluate(async () => (await window.keeper.fetch('/inner/api/x')).text());
  expect(await answer).toContain('bob');
  expect(await userOf(inner, '/inner/api/x')).toContain('bob');
  expect(await userOf(page, '/api/x')).toContain('ann');
});
