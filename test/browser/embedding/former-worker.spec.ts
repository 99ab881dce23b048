import type { Page } from '@playwright/test';
import { hardReload } from '../../support/browser/hard-reload.ts';
import { expect, FAILED_REQUEST, test } from '../../support/e2e.ts';
import { expectSession, snapshotOf } from '../../support/page/keeper-page.ts';
import { fetchOnce } from '../../support/page/page-fetch.ts';
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

/** As a site's caching worker, or that of another library. */
const FORMER = `addEventListener('install', () => skipWaiting());
addEventListener('activate', (event) => event.waitUntil(clients.claim()));
addEventListener('fetch', (event) => event.respondWith(fetch(event.request)));`;

let site: EmbeddingSite;
test.beforeEach(async ({ complaints }) => {
  complaints.expect(FAILED_REQUEST, /^Failed to register|TypeError: Failed/);
  site = await startEmbeddingSite();
  site.serve('/', PLAIN_PAGE);
});
test.afterEach(() => site.stop());

const register = (page: Page, script: string): Promise<unknown> =>
  page.evaluate(async (path) => {
    await navigator.serviceWorker.register(path);
    await navigator.serviceWorker.ready;
    if (!navigator.serviceWorker.controller)
      await new Promise((resolve) => navigator.serviceWorker.addEventListener('controllerchange', resolve));
  }, script);

const expectKeeper = async (page: Page): Promise<void> => {
  expect((await snapshotOf(page)).worker.host).toBe('service-worker');
  await signInSite(page);
  await expectSession(page, 'active');
  expect(await fetchOnce(page, '/api/me')).toBe(200);
};

for (const reload of ['reload', 'hard reload'] as const)
  test(`takes over from a former worker of another script after a ${reload}`, async ({ page }) => {
    site.serve('/old-sw.js', FORMER);
    site.serve('/sw.js', await keeperScript(embeddingConfig()));
    await page.goto(site.origin);
    await register(page, '/old-sw.js');
    if (reload === 'reload') await page.reload();
    else await hardReload(page);
    await connectSite(page, '/sw.js');
    await expectKeeper(page);
  });

test('takes over from an older version of the same script that has no keeper [former-worker]', async ({ page }) => {
  site.serve('/sw.js', FORMER);
  await page.goto(site.origin);
  await register(page, '/sw.js');
  site.serve('/sw.js', await keeperScript(embeddingConfig()));
  await page.reload();
  await connectSite(page, '/sw.js');
  await expectKeeper(page);
});

test('leaves the decision to the site where the active worker is an older keeper', async ({ page }) => {
  site.serve('/sw.js', await keeperScript(embeddingConfig()));
  await openSite(page, site.origin, '/sw.js');
  await signInSite(page);
  site.serve('/sw-2.js', await keeperScript(embeddingConfig()));
  await page.reload();
  await connectSite(page, '/sw-2.js');
  await expectKeeper(page);
  expect(await page.evaluate(() => navigator.serviceWorker.controller?.scriptURL)).toBe(`${site.origin}/sw.js`);
});

test('takes over again from a worker that another script of the page registers at each load [rival-worker]', async ({
  page,
}) => {
  site.serve('/rival-sw.js', FORMER);
  site.serve('/sw.js', await keeperScript(embeddingConfig()));
  await openSite(page, site.origin, '/sw.js');
  await signInSite(page);
  await page.reload();
  await register(page, '/rival-sw.js');
  await connectSite(page, '/sw.js');
  await expectSession(page, 'active');
  expect(await fetchOnce(page, '/api/me')).toBe(200);
});

test('says which worker is in the way when its script has no keeper [former-named]', async ({ page }) => {
  const notes: string[] = [];
  page.on('console', (message) => notes.push(message.text()));
  site.serve('/sw.js', FORMER);
  await page.goto(site.origin);
  await register(page, '/sw.js');
  await connectSite(page, '/sw.js');
  const { session, worker } = await snapshotOf(page);
  expect(worker.host).toBe('page');
  expect(session).toMatchObject({ problem: { code: 'no-worker' } });
  const named = notes.filter((note) => note.includes(`${site.origin}/sw.js is the worker of ${site.origin}/`));
  expect(named).toHaveLength(1);
});

test('uses a worker that the site registered with other options, without a network too [other-options]', async ({
  page,
  context,
}) => {
  const cached = `addEventListener('install', (event) => event.waitUntil(caches.open('site').then((cache) => cache.addAll(['/']))));
addEventListener('fetch', (event) => event.respondWith(caches.match(event.request).then((found) => found ?? fetch(event.request).then(async (answer) => {
  await (await caches.open('site')).put(event.request, answer.clone());
  return answer;
}))));`;
  site.serve(
    '/sw.js',
    `${await keeperScript(embeddingConfig())}\naddEventListener('activate', () => clients.claim());${cached}`,
  );
  await page.goto(site.origin);
  await register(page, '/sw.js');
  await connectSite(page, '/sw.js');
  await signInSite(page);
  const viaCache = () => page.evaluate(async () => (await navigator.serviceWorker.getRegistration())?.updateViaCache);
  expect(await viaCache()).toBe('imports');
  await page.reload();
  await connectSite(page, '/sw.js');
  await context.setOffline(true);
  await page.reload();
  await connectSite(page, '/sw.js');
  expect((await snapshotOf(page)).worker.host).toBe('service-worker');
  await expectSession(page, 'active');
  expect(await viaCache()).toBe('imports');
});
