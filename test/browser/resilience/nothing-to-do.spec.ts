import { expect, test } from '../../support/e2e.ts';
import { expectSocket } from '../../support/page/channels.ts';
import { signIn } from '../../support/page/sign-in.ts';

/** A page that stays open all day: its clock ticks once a second, and nothing else changes. */
const LOOK_MS = 3_000;
const MOST_LAYOUTS = 9;

test('lays out only the clock when the page is idle', { tag: '@timed' }, async ({ page, app }) => {
  await signIn(page, app.origin, 'password');
  await expectSocket(page, 'open');
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  const layouts = async (): Promise<number> => {
    const { metrics } = await session.send('Performance.getMetrics');
    return metrics.find(({ name }) => name === 'LayoutCount')?.value ?? Number.NaN;
  };
  const duringLook = async (): Promise<number> => {
    const before = await layouts();
    // The test measures a rate over time.
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    return (await layouts()) - before;
  };
  await expect.poll(duringLook, { timeout: 20_000, intervals: [0] }).toBeLessThanOrEqual(MOST_LAYOUTS);
  expect(await duringLook(), 'the clock ticks').toBeGreaterThan(0);
});
