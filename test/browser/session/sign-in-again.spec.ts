import type { Page } from '@playwright/test';
import { startApp, type App } from '../../support/server/app.ts';
import { expect, FAILED_REQUEST, test } from '../../support/e2e.ts';
import { startWithProvider, type ProviderTraits } from '../../support/server/other-provider.ts';
import { connectKeeper, sessionStateOf, snapshotOf } from '../../support/page/keeper-page.ts';
import { createFaultClient, type FaultClient } from '../../support/server/fault-client.ts';
import { fetchOnce } from '../../support/page/page-fetch.ts';
import { isActiveAt, openWireTap, tokensOf } from '../../support/page/secrets.ts';
import { INTENTS, signIn } from '../../support/page/sign-in.ts';

const ONE_GRANT: ProviderTraits = { accessTokens: 'opaque', dpop: 'off', rotation: true, grants: 'person' };

/** Signs in once more as the same user. */
const signInAgain = async (page: Page, app: App): Promise<void> => {
  const former = (await snapshotOf(page)).session;
  await page.evaluate((intent) => void window.keeper.signIn(intent), INTENTS.oidc);
  await page.waitForURL(/\/sign-in\//);
  await page.getByRole('button', { name: /^Continue/ }).click();
  await page.waitForURL(`${app.origin}/`);
  await connectKeeper(page);
  await expect.poll(() => sessionStateOf(page)).toBe('active');
  await expect.poll(async () => (await snapshotOf(page)).session).not.toEqual(former);
};

const staysThroughExpiry = async (page: Page, lab: FaultClient): Promise<void> => {
  // By then the worker has sent all revocations of the previous session.
  expect(await page.evaluate(() => window.keeper.nudge())).toMatchObject({ ok: true });
  for (let round = 1; round <= 2; round += 1) {
    const { refreshes } = (await snapshotOf(page)).kept;
    await lab.expireTokens();
    expect(await fetchOnce(page)).toBe(200);
    await expect.poll(async () => (await snapshotOf(page)).kept.refreshes).toBe(refreshes + 1);
    await expect.poll(() => sessionStateOf(page)).toBe('active');
  }
};

test('stays signed in and revokes the old tokens when the user signs in once more', async ({ page, afterwards }) => {
  const tap = await openWireTap();
  afterwards(tap.remove);
  const app = await startApp({ env: tap.env });
  afterwards(() => app.stop());
  await signIn(page, app.origin, 'oidc');
  await signInAgain(page, app);
  await expect.poll(async () => (await tokensOf(tap, 'refresh_token')).length).toBeGreaterThanOrEqual(2);
  const [former = '', ...others] = await tokensOf(tap, 'refresh_token');
  await expect.poll(() => isActiveAt(app.provider, former)).toBe(false);
  expect(await isActiveAt(app.provider, others.at(-1) ?? '')).toBe(true);
  await staysThroughExpiry(page, createFaultClient(app.origin));
  // The provider's own session goes on. Only the previous sign-in of this app has ended.
  await signInAgain(page, app);
});

test('stays signed in after another sign-in when the provider has one grant per user', async ({
  page,
  complaints,
  afterwards,
}) => {
  complaints.expect(FAILED_REQUEST);
  const app = await startWithProvider(ONE_GRANT);
  afterwards(() => app.stop());
  await signIn(page, app.origin, 'oidc');
  await signInAgain(page, app);
  await staysThroughExpiry(page, createFaultClient(app.origin));
});
