import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { launchBrowser } from '../../support/browser/crashes.ts';
import type { Keeper } from '../../../src/page/types/types.ts';
import { launchOptions } from '../../support/browser/browser.ts';
import { expect, FAILED_REQUEST, test } from '../../support/e2e.ts';
import { sessionStateOf, snapshotOf } from '../../support/page/keeper-page.ts';
import { configOf, connectWith } from '../../support/sites/fallback-page.ts';
import { MODELS } from '../../support/page/page-fetch.ts';
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

test('reports that an insecure context has no WebCrypto, and keeps nothing', async () => {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://insecure.test').pathname;
    const script = path.endsWith('.js');
    response.setHeader('content-type', script ? 'text/javascript' : 'text/html');
    response.end(script ? readFileSync(join('dist', path)) : '<!doctype html><title>insecure</title>');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const { args, executablePath } = launchOptions();
  const mapped = [...args, '--host-resolver-rules=MAP insecure.test 127.0.0.1'];
  const browser = await launchBrowser({ executablePath, args: mapped });
  try {
    const page = await browser.newPage();
    await page.goto(`http://insecure.test:${port}/`);
    expect(await page.evaluate(() => isSecureContext)).toBe(false);
    await connectWith(page, configOf({ provider: `http://insecure.test:${port + 1}` }));
    const { session, worker } = await snapshotOf(page);
    expect(worker.host).toBe('page');
    expect(session).toMatchObject({ state: 'signed-out', reason: 'never', problem: { code: 'no-worker' } });
    const refused = await page.evaluate((intent) => window.keeper.signIn(intent), INTENTS.password);
    expect(refused).toMatchObject({ ok: false, problem: { code: 'no-worker' } });
  } finally {
    await browser.close();
    server.close();
  }
});
