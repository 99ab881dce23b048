import { expectAll, expectSocket, listen, newTopic } from '../../support/page/channels.ts';
import { expect, FAILED_REQUEST, test } from '../../support/e2e.ts';
import { startWithProvider, type ProviderTraits } from '../../support/server/other-provider.ts';
import { connectKeeper, expectSession, snapshotOf } from '../../support/page/keeper-page.ts';
import { createFaultClient, type FaultClient } from '../../support/server/fault-client.ts';
import { fetchOnce } from '../../support/page/page-fetch.ts';
import { seesSignedIn, signIn, signInByHand } from '../../support/page/sign-in.ts';
import { killWorkers } from '../../support/browser/worker-kill.ts';

const WHOAMI = '/api/v1/auth/whoami';
const HALF_AN_HOUR_MS = 1_800_000;
const ACCESS_SECONDS = 8;

/** A simple provider: opaque tokens, no DPoP, no rotation. */
const PLAIN: ProviderTraits = { accessTokens: 'opaque', dpop: 'off', rotation: false };

const TEMPERS: Record<string, ProviderTraits> = {
  'on time': PLAIN,
  'half an hour fast': { ...PLAIN, skewMs: HALF_AN_HOUR_MS },
  'half an hour slow': { ...PLAIN, skewMs: -HALF_AN_HOUR_MS },
};

const proofs = async (lab: FaultClient): Promise<number> =>
  (await lab.log()).filter(({ path, status, auth }) => path === WHOAMI && status === 200 && auth === 'bearer').length;

test.beforeEach(({ complaints }) => complaints.expect(FAILED_REQUEST));

for (const [name, temper] of Object.entries(TEMPERS)) {
  test(`keeps the session of a provider without DPoP and rotation, its clock ${name} [other-provider]`, async ({
    page,
  }) => {
    const app = await startWithProvider(temper);
    try {
      const lab = createFaultClient(app.origin);
      await signInByHand(page, app.origin, 'oidc');
      await connectKeeper(page);
      await expectSession(page, 'active');
      const { session, tier } = await snapshotOf(page);
      expect(session).toMatchObject({ kind: 'oidc', user: { sub: 'demo' } });
      expect(tier).toBe('sealed');
      await expect.poll(() => proofs(lab)).toBeGreaterThan(0);

      await lab.clearLog();
      await page.reload();
      await seesSignedIn(page);
      await expect.poll(() => proofs(lab)).toBeGreaterThan(0);
      await connectKeeper(page);

      await lab.expireTokens();
      await killWorkers(page);
      expect(await fetchOnce(page)).toBe(200);
      await expectSession(page, 'active');
      await expectSocket(page, 'open');
      const topic = newTopic();
      await listen(page, topic);
      await lab.publish({ topic, count: 20, everyMs: 1 });
      await expectAll(page, topic, 20);

      const out = await page.evaluate(() => window.keeper.signOut());
      expect(out).toMatchObject({ ok: true });
      await expectSession(page, 'signed-out');
      expect(await fetchOnce(page)).toBe(401);
    } finally {
      await app.stop();
    }
  });
}

test(
  'refreshes in an idle tab with the same refresh token when the provider does not rotate',
  { tag: '@waits' },
  async ({ page }) => {
    const app = await startWithProvider({ ...PLAIN, lifetimes: { accessSeconds: ACCESS_SECONDS } });
    try {
      await signIn(page, app.origin, 'oidc');
      await expectSocket(page, 'open');
      const { refreshes } = (await snapshotOf(page)).kept;
      await expect
        .poll(async () => (await snapshotOf(page)).kept.refreshes, { timeout: 5 * ACCESS_SECONDS * 1000 })
        .toBeGreaterThanOrEqual(refreshes + 3);
      expect(await fetchOnce(page)).toBe(200);
      await expectSession(page, 'active');
      await seesSignedIn(page);
    } finally {
      await app.stop();
    }
  },
);

test('reports that the provider is down, and signs in when it is up again', async ({ page }) => {
  const app = await startWithProvider(PLAIN);
  await page.goto(app.origin);
  await page.getByRole('button', { name: 'Continue with single sign-on' }).waitFor();
  try {
    await page.context().setOffline(true);
    await page.getByRole('button', { name: 'Continue with single sign-on' }).click();
    await expect(page.getByRole('alert')).toContainText('The server cannot be reached.');
    await page.context().setOffline(false);
    await signInByHand(page, app.origin, 'oidc');
  } finally {
    await app.stop();
  }
});
