import type { Page } from '@playwright/test';
import { startDeployment } from '../../support/server/deployment.ts';
import { documentOf } from '../../support/browser/document.ts';
import { expect, FAILED_REQUEST, FAILED_SOCKET, test } from '../../support/e2e.ts';
import { configOf, connectWith } from '../../support/sites/fallback-page.ts';
import { connectKeeper, DEMO, expectSession, signInBy, snapshotOf } from '../../support/page/keeper-page.ts';
import { fetchOnce, MODELS, type Fetched } from '../../support/page/page-fetch.ts';
import { expectNothingBare } from '../../support/page/requests.ts';
import { atProvider, INTENTS, seesSignedIn, signIn, TOKEN_KINDS } from '../../support/page/sign-in.ts';
import { killWorkers } from '../../support/browser/worker-kill.ts';

/** Sends with `keeper.fetch`, which holds a request back until a worker can authorize it. */
const keeperFetch = (page: Page): Promise<Fetched> =>
  page.evaluate(
    (url) =>
      window.keeper.fetch(url).then(
        ({ status }): Fetched => status,
        (): Fetched => 'network error',
      ),
    MODELS,
  );

const NOTES = '/api/v1/notes';

const writeNote = (page: Page): Promise<number> =>
  page.evaluate(async (url) => {
    const headers = { 'content-type': 'application/json' };
    return (await window.keeper.fetch(url, { method: 'POST', headers, body: '{"text":"once"}' })).status;
  }, NOTES);

test.beforeEach(({ complaints }) =>
  complaints.expect(FAILED_REQUEST, FAILED_SOCKET, /ServiceWorker/, /A bad HTTP response code .403./),
);

test('keeps the session when a script unregisters the worker of a running page', async ({ page, app, lab }) => {
  await signIn(page, app.origin, 'password');
  await lab.clearLog();
  await page.evaluate(async () => {
    for (const registration of await navigator.serviceWorker.getRegistrations()) await registration.unregister();
  });
  expect(await fetchOnce(page)).toBe(200);
  expect(await keeperFetch(page)).toBe(200);
  await killWorkers(page);
  expect(await keeperFetch(page)).toBe(200);
  expect(await fetchOnce(page)).toBe(200);
  await expectSession(page, 'active');
  await page.reload();
  await seesSignedIn(page);
  await connectKeeper(page);
  expect(await fetchOnce(page)).toBe(200);
  await expectNothingBare(lab);
});

test('reports cleared site data, and signs in again without a reload', async ({ page, app, lab }) => {
  await signIn(page, app.origin, 'password');
  const document = await documentOf(page);
  await lab.clearLog();
  const browser = await page.context().newCDPSession(page);
  await browser.send('Storage.clearDataForOrigin', { origin: app.origin, storageTypes: 'all' });
  // The page holds it back until there is a worker again, which has no token for it.
  expect(await keeperFetch(page)).toBe(401);
  expect(await writeNote(page)).toBe(401);
  expect((await lab.log()).filter(({ path, method }) => path === NOTES && method === 'POST')).toHaveLength(1);
  await expectSession(page, 'signed-out');
  const { session, worker, tier } = await snapshotOf(page);
  expect(session).toMatchObject({ reason: 'never', problem: { code: 'store-cleared' } });
  expect([worker.host, tier]).toEqual(['service-worker', 'sealed']);
  await expect(page.getByRole('region', { name: 'Sign in' })).toContainText('Site data was cleared');
  await lab.clearLog();
  await signInBy(page, DEMO);
  expect(await keeperFetch(page)).toBe(200);
  expect(await fetchOnce(page)).toBe(200);
  expect(await documentOf(page)).toBe(document);
  await expectNothingBare(lab);
  await page.reload();
  await seesSignedIn(page);
});

for (const kind of TOKEN_KINDS) {
  test(`${kind}: keeps the session in the page until a worker can take it over`, async ({ page, complaints }) => {
    complaints.expect(/script/);
    const site = await startDeployment();
    try {
      const config = configOf(site);
      await site.withdraw();
      await page.goto(site.origin);
      await connectWith(page, config);
      await page.evaluate((intent) => void window.keeper.signIn(intent), INTENTS[kind]);
      if (kind === 'oidc') {
        await atProvider(page);
        // The app takes the callback, with the configuration in its document.
        await page.waitForURL(`${site.origin}/`);
        await connectWith(page, config);
      }
      await expectSession(page, 'active');
      const before = await snapshotOf(page);
      expect([before.worker.host, before.tier]).toEqual(['page', kind === 'oidc' ? 'bound' : 'compatible']);
      const document = await documentOf(page);
      expect(await fetchOnce(page)).toBe(200);

      await site.deploy();
      await site.faults.clearLog();
      await page.evaluate(() => dispatchEvent(new Event('online')));
      await expect.poll(async () => (await snapshotOf(page)).worker.host).toBe('service-worker');
      await expectSession(page, 'active');
      expect((await snapshotOf(page)).tier).toBe('sealed');
      expect(await fetchOnce(page)).toBe(200);
      await site.faults.expireTokens();
      expect(await fetchOnce(page)).toBe(200);
      expect(await documentOf(page)).toBe(document);
      await killWorkers(page);
      await page.reload();
      await seesSignedIn(page);
      await connectKeeper(page);
      await site.faults.expireTokens();
      expect(await fetchOnce(page)).toBe(200);
      await expectNothingBare(site.faults);
    } finally {
      await site.stop();
    }
  });
}

/** A worker that waits in its installation for a page. When it reports itself, it has read the disk. */
const waitsForWord = (script: string): string => `${script}
  const word = new BroadcastChannel('word');
  self.addEventListener('install', (event) => event.waitUntil(new Promise((resolve) => {
    word.onmessage = resolve;
    const opening = indexedDB.open('session-keeper');
    opening.onsuccess = () => {
      const reading = opening.result.transaction('session').objectStore('session').get('current');
      reading.onsuccess = () => (opening.result.close(), word.postMessage('looked'));
    };
  })));`;

test('lets the worker adopt a sign-in of the page when the worker had read a sign-out before', async ({
  page,
  complaints,
}) => {
  complaints.expect(/script/);
  const site = await startDeployment();
  try {
    const config = configOf(site);
    await site.withdraw();
    await page.goto(site.origin);
    await connectWith(page, config);
    await signInBy(page, DEMO);
    expect(await page.evaluate(() => window.keeper.signOut())).toEqual({ ok: true, value: null });
    await site.deploy(waitsForWord);
    await page.evaluate(
      () =>
        new Promise((resolve) => {
          new BroadcastChannel('word').onmessage = resolve;
          dispatchEvent(new Event('online'));
        }),
    );
    await signInBy(page, DEMO);
    expect((await snapshotOf(page)).worker.host).toBe('page');
    await page.evaluate(() => new BroadcastChannel('word').postMessage('go on'));
    await expect.poll(async () => (await snapshotOf(page)).worker.host).toBe('service-worker');
    await expectSession(page, 'active');
    expect(await fetchOnce(page)).toBe(200);
  } finally {
    await site.stop();
  }
});
