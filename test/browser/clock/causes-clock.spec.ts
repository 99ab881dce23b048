import type { Page } from '@playwright/test';
import { watchDocument } from '../../support/browser/document.ts';
import { expect, test } from '../../support/e2e.ts';
import { connectKeeper, expectSession } from '../../support/page/keeper-page.ts';
import { fetchOnce } from '../../support/page/page-fetch.ts';
import { seesSignedIn, signIn, TOKEN_KINDS } from '../../support/page/sign-in.ts';
import { killWorkers } from '../../support/browser/worker-kill.ts';

const DAY_MS = 86_400_000;
const SLEEP_MS = 8 * 3_600_000;
const JUMPS = [
  ['ahead', DAY_MS],
  ['back', -DAY_MS],
] as const;

/** One refresh for the jump, and one for a worker that starts. */
const MOST_REFRESHES = 2;
const REQUESTS = 10;

/** The device's clock, as the running worker reads it. */
const jump = async (page: Page, ms: number): Promise<void> => {
  for (const worker of page.context().serviceWorkers())
    await worker.evaluate((by) => {
      const read = Date.now;
      Date.now = () => read() + by;
    }, ms);
};

/** Sends requests from time to time. Each succeeds, and the token endpoint gets few requests. */
const expectCalm = async (page: Page, tokenRequests: () => Promise<number>, before: number): Promise<void> => {
  for (let time = 0; time < REQUESTS; time += 1) expect(await fetchOnce(page)).toBe(200);
  expect((await tokenRequests()) - before).toBeLessThanOrEqual(MOST_REFRESHES);
};

for (const kind of TOKEN_KINDS) {
  for (const [direction, jumpMs] of JUMPS) {
    test(`keeps the ${kind} session when the server’s clock jumps a day ${direction} [logout-19-server-clock]`, async ({
      page,
      app,
      lab,
    }) => {
      await signIn(page, app.origin, kind);
      const tokenRequests = async (): Promise<number> => (await lab.stats()).tokenRequests;
      const document = await watchDocument(page);
      const before = await tokenRequests();
      await lab.setClockSkew(jumpMs);
      await expectCalm(page, tokenRequests, before);
      await document.expect();
      await killWorkers(page);
      await lab.setClockSkew(0);
      await page.reload();
      await seesSignedIn(page);
      await connectKeeper(page);
      await expectSession(page, 'active');
      await expectCalm(page, tokenRequests, await tokenRequests());
    });

    test(`keeps the ${kind} session when the device’s clock jumps a day ${direction} and back [logout-19-device-clock]`, async ({
      page,
      app,
      lab,
    }) => {
      await signIn(page, app.origin, kind);
      const tokenRequests = async (): Promise<number> => (await lab.stats()).tokenRequests;
      const document = await watchDocument(page);
      const before = await tokenRequests();
      await jump(page, jumpMs);
      await expectCalm(page, tokenRequests, before);
      await lab.expireTokens();
      await expectCalm(page, tokenRequests, await tokenRequests());
      await document.expect();
      await killWorkers(page);
      await page.reload();
      await seesSignedIn(page);
      await connectKeeper(page);
      await expectCalm(page, tokenRequests, await tokenRequests());
      await expectSession(page, 'active');
    });
  }

  test(`refreshes the ${kind} session once and sends no expired token after eight hours of sleep [sleep-eight-hours]`, async ({
    page,
    app,
    lab,
  }) => {
    await signIn(page, app.origin, kind);
    const document = await watchDocument(page);
    const { refreshGrants } = await lab.stats();
    await lab.expireTokens();
    await lab.clearLog();
    await jump(page, SLEEP_MS);
    expect(await Promise.all([fetchOnce(page), fetchOnce(page), fetchOnce(page)])).toEqual([200, 200, 200]);
    expect((await lab.stats()).refreshGrants).toBe(refreshGrants + 1);
    expect((await lab.log()).filter(({ status }) => status === 401)).toEqual([]);
    await document.expect();
  });
}
