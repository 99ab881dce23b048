import { expectSocket } from '../../support/page/channels.ts';
import { expect, FAILED_REQUEST, test } from '../../support/e2e.ts';
import { startWithProvider, type ProviderTraits } from '../../support/server/other-provider.ts';
import { expectSession, openKeeper, snapshotOf } from '../../support/page/keeper-page.ts';
import { fetchOnce } from '../../support/page/page-fetch.ts';
import { seesSignedIn, signIn } from '../../support/page/sign-in.ts';
import { shiftDeviceClock } from '../../support/page/device-clock.ts';
import { killWorkers } from '../../support/browser/worker-kill.ts';

const HALF_AN_HOUR_MS = 1_800_000;
const ACCESS_SECONDS = 4;

/** DPoP without nonces: the server judges a proof by its time alone, and refuses one of a wrong clock (RFC 9449 §4.3). */
const CLOCK: ProviderTraits = { accessTokens: 'opaque', dpop: 'clock', lifetimes: { accessSeconds: ACCESS_SECONDS } };

const CASES: readonly { name: string; temper: ProviderTraits; deviceMs: number }[] = [
  { name: 'the provider’s clock is half an hour fast', temper: { ...CLOCK, skewMs: HALF_AN_HOUR_MS }, deviceMs: 0 },
  {
    name: 'the device’s clock is half an hour slow and no script may read the provider’s',
    temper: { ...CLOCK, exposedHeaders: 'WWW-Authenticate' },
    deviceMs: -HALF_AN_HOUR_MS,
  },
];

test.beforeEach(({ complaints }) => complaints.expect(FAILED_REQUEST));

for (const { name, temper, deviceMs } of CASES) {
  test(
    `signs in and refreshes with DPoP without nonces when ${name} [dpop-clock-off]`,
    { tag: '@waits' },
    async ({ page }) => {
      const app = await startWithProvider(temper);
      try {
        await openKeeper(page, app.origin);
        if (deviceMs !== 0) await shiftDeviceClock(page, deviceMs);
        await signIn(page, app.origin, 'oidc');
        await expectSocket(page, 'open');
        expect(await fetchOnce(page)).toBe(200);
        const { refreshes } = (await snapshotOf(page)).kept;
        const renewed = { timeout: 3 * ACCESS_SECONDS * 1000 };
        await expect
          .poll(async () => (await snapshotOf(page)).kept.refreshes, renewed)
          .toBeGreaterThanOrEqual(refreshes + 1);
        const states = await page.evaluate(() => window.seen.map(({ session }) => session.state));
        expect(states).not.toContain('degraded');
        await killWorkers(page);
        expect(await fetchOnce(page)).toBe(200);
        await expectSession(page, 'active');
        await seesSignedIn(page);
      } finally {
        await app.stop();
      }
    },
  );
}
