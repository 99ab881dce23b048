import type { Page } from '@playwright/test';
import { keeperConfig } from '../../server/keeper-config.ts';
import type { KeeperConfig } from '../../src/protocol/config.ts';
import type { Keeper } from '../../src/page/types.ts';
import { expect, FAILED_REQUEST, test } from '../support/e2e.ts';
import { sessionStateOf, snapshotOf } from '../support/keeper-page.ts';
import { MODELS } from '../support/page-fetch.ts';
import { atProvider, INTENTS, SIGN_IN_KINDS } from '../support/sign-in.ts';

type Library = { connect(options: { config: KeeperConfig }): Promise<Keeper> };

test.use({ serviceWorkers: 'block' });

/** What a site that knows such browsers gives the library: the configuration that its worker would be baked with. */
const connectWith = (page: Page, config: KeeperConfig): Promise<void> =>
  page.evaluate(async (given) => {
    const library = '/keeper.js';
    const { connect } = (await import(library)) as Library;
    window.keeper = await connect({ config: given });
  }, config);

for (const kind of SIGN_IN_KINDS) {
  test(`without a worker, ${kind}: the host is in the page, and keeps the session over reloads`, async ({
    page,
    app,
    complaints,
  }) => {
    // The provider's answer to a first proof, which cannot have its nonce yet (RFC 9449 §8), is on the page's console.
    if (kind === 'oidc') complaints.expect(FAILED_REQUEST);
    const scope = 'openid profile offline_access api';
    const config = keeperConfig({ issuer: app.provider, clientId: 'session-keeper', scope, embedded: true });
    await page.goto(app.origin);
    await connectWith(page, config);
    await page.evaluate((intent) => void window.keeper.signIn(intent), INTENTS[kind]);
    if (kind === 'oidc') {
      await atProvider(page);
      await page.waitForURL((url) => url.pathname === '/auth/callback');
      await connectWith(page, config);
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

test('without a worker and without a configuration the app says that it cannot start here', async ({ page, app }) => {
  await page.goto(app.origin);
  await expect(page.getByRole('region', { name: 'Sign in' })).toContainText(
    'Session Keeper cannot start in this browser.',
  );
});
