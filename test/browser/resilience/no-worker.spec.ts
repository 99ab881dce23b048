import type { Browser } from 'playwright-core';
import type { Page } from '@playwright/test';
import { launchBrowser } from '../../support/browser/crashes.ts';
import type { Keeper } from '../../../src/page/types/types.ts';
import type { KeeperConfig } from '../../../src/protocol/config.ts';
import { launchOptions } from '../../support/browser/browser.ts';
import { expect, FAILED_REQUEST, test } from '../../support/e2e.ts';
import { expectSession, sessionStateOf, snapshotOf } from '../../support/page/keeper-page.ts';
import { configOf, connectWith } from '../../support/sites/fallback-page.ts';
import { fetchOnce, MODELS } from '../../support/page/page-fetch.ts';
import {
  embeddingConfig,
  PLAIN_PAGE,
  signInSite,
  startEmbeddingSite,
  type EmbeddingSite,
} from '../../support/sites/embedding-site.ts';
import { atProvider, INTENTS, SIGN_IN_KINDS } from '../../support/page/sign-in.ts';

test.use({ serviceWorkers: 'block' });

for (const kind of SIGN_IN_KINDS) {
  test(`keeps the ${kind} session over reloads without a worker, with the host in the page`, async ({
    page,
    app,
    complaints,
  }) => {
    // The provider refuses the first proof, which has no nonce yet (RFC 9449 §8). The page's console shows that.
    if (kind === 'oidc') complaints.expect(FAILED_REQUEST);
    const config = configOf(app);
    await page.goto(app.origin);
    await connectWith(page, config);
    await page.evaluate((intent) => void window.keeper.signIn(intent), INTENTS[kind]);
    if (kind === 'oidc') {
      await atProvider(page);
      // The app takes the callback, with the configuration in its document.
      await page.waitForURL(`${app.origin}/`);
      await connectWith(page, config);
    }
    await expect.poll(() => sessionStateOf(page)).toBe('active');
    await page.reload();
    await connectWith(page, config);
    await expect.poll(() => sessionStateOf(page)).toBe('active');
    const status = await page.evaluate(async (url) => (await window.keeper.fetch(url)).status, MODELS);
    expect(status).toBe(200);
    const { worker, tier } = await snapshotOf(page);
    expect(worker.host).toBe('page');
    expect(tier).toBe(kind === 'oidc' ? 'bound' : 'compatible');
  });
}

test('the shipped app signs in without a worker, with the configuration in its document [document-config]', async ({
  page,
  app,
}) => {
  await page.goto(app.origin);
  const connect = async () =>
    page.evaluate(async () => {
      const library = '/keeper.js';
      const { connect: join } = (await import(library)) as { connect(): Promise<Keeper> };
      window.keeper = await join();
    });
  await connect();
  await page.evaluate((intent) => window.keeper.signIn(intent), INTENTS.password);
  await page.reload();
  await connect();
  await expect.poll(() => sessionStateOf(page)).toBe('active');
  expect((await snapshotOf(page)).worker.host).toBe('page');
});

test('the app says that it cannot start without a worker and a configuration', async ({ page, app }) => {
  await page.route(app.origin, async (route) => {
    const response = await route.fetch();
    const text = await response.text();
    await route.fulfill({ response, body: text.replace('id="session-keeper"', 'id="another"') });
  });
  await page.goto(app.origin);
  await expect(page.getByRole('region', { name: 'Sign in' })).toContainText(
    'Session Keeper cannot start in this browser.',
  );
});

test.describe('at an address that is not secure', () => {
  let site: EmbeddingSite;
  let browser: Browser;
  let page: Page;
  let address: string;
  test.beforeEach(async () => {
    site = await startEmbeddingSite();
    site.serve('/', PLAIN_PAGE);
    address = site.origin.replace('localhost', 'insecure.test');
    const { args, executablePath } = launchOptions();
    const mapped = [...args, '--host-resolver-rules=MAP insecure.test 127.0.0.1'];
    browser = await launchBrowser({ executablePath, args: mapped });
    page = await browser.newPage();
  });
  test.afterEach(async () => {
    await browser.close();
    await site.stop();
  });

  test('signs in, and keeps the session over a reload [insecure-address]', async () => {
    await page.goto(address);
    expect(await page.evaluate(() => isSecureContext)).toBe(false);
    await connectWith(page, embeddingConfig());
    expect(await signInSite(page)).toMatchObject({ ok: true });
    expect(await fetchOnce(page, '/api/me')).toBe(200);
    await page.reload();
    await connectWith(page, embeddingConfig());
    await expectSession(page, 'active');
    const { worker, tier, durability } = await snapshotOf(page);
    expect([worker.host, tier, durability]).toEqual(['page', 'compatible', 'disk']);
    expect(await fetchOnce(page, '/api/me')).toBe(200);
  });

  test('offers no single sign-on, which needs WebCrypto, and says why', async () => {
    await page.goto(`${address}/index.html`);
    const { signIn, ...rest } = configOf({ provider: site.origin });
    await connectWith(page, { ...rest, signIn: { oidc: signIn.oidc } });
    expect(await page.evaluate((intent) => window.keeper.signIn(intent), INTENTS.oidc)).toMatchObject({
      ok: false,
      problem: { code: 'no-worker', detail: expect.stringContaining('This address is not secure') as unknown },
    });
    await expect(page.getByRole('region', { name: 'Sign in' })).toContainText('This address is not secure.');
  });
});

test("authorizes the page's plain fetch, and leaves other requests as they are [page-fetch]", async ({
  page,
  complaints,
}) => {
  complaints.expect(FAILED_REQUEST);
  const site = await startEmbeddingSite();
  site.serve('/', PLAIN_PAGE);
  await page.goto(site.origin);
  await connectWith(page, embeddingConfig());
  await signInSite(page);
  site.received.length = 0;
  const statuses = await page.evaluate(async () => [
    (await fetch('/api/me')).status,
    (await fetch(new Request('/api/items', { method: 'POST', body: 'text' }))).status,
    (await fetch('/api/me', { credentials: 'omit' })).status,
    (await fetch('/')).status,
  ]);
  expect(statuses).toEqual([200, 200, 401, 200]);
  expect(site.received.map(({ authorization }) => authorization !== undefined)).toEqual([true, true, false]);
  site.revoke();
  expect(await page.evaluate(() => fetch('/api/me').then(({ status }) => status))).toBe(401);
  await site.stop();
});

test('says once in the console why there is no worker and what whoami answers, and asks to keep the data [developer-notes]', async ({
  page,
  complaints,
}) => {
  complaints.expect(FAILED_REQUEST);
  const notes: string[] = [];
  page.on('console', (message) => notes.push(message.text()));
  await page.addInitScript(() => {
    navigator.storage.persist = () => {
      document.documentElement.dataset['persist'] = 'asked';
      return Promise.resolve(true);
    };
  });
  const site = await startEmbeddingSite();
  try {
    site.serve('/', PLAIN_PAGE);
    await page.goto(site.origin);
    // This path answers without the name of a user.
    await connectWith(page, embeddingConfig('/', { whoami: '/api/items' }));
    const asked = () => page.evaluate(() => document.documentElement.dataset['persist']);
    expect(await asked()).toBeUndefined();
    await signInSite(page);
    await expect.poll(asked).toBe('asked');
    const said = (text: string): number => notes.filter((note) => note.includes(text)).length;
    await expect.poll(() => said('config.whoami (/api/items) answered 200, and should answer')).toBe(1);
    expect(await fetchOnce(page, '/api/me')).toBe(200);
    expect(said('no worker runs here')).toBe(1);
    expect(said('The session runs in this page instead')).toBe(1);
  } finally {
    await site.stop();
  }
});

test('says in the console which field of its configuration connect() lacks, and offers no sign-in [config-console]', async ({
  page,
  afterwards,
}) => {
  const notes: string[] = [];
  page.on('console', (message) => notes.push(message.text()));
  const site = await startEmbeddingSite();
  afterwards(site.stop);
  site.serve('/', PLAIN_PAGE);
  await page.goto(site.origin);
  const { whoami: _, ...incomplete } = embeddingConfig();
  await connectWith(page, incomplete as KeeperConfig);
  const sessionOf = async () => (await snapshotOf(page)).session;
  await expect.poll(sessionOf).toMatchObject({ state: 'signed-out', problem: { code: 'no-worker' } });
  const said = 'session-keeper: connect() got a configuration that is not complete: config.whoami is nothing';
  await expect.poll(() => notes.filter((note) => note.startsWith(said)).length).toBe(1);
});
