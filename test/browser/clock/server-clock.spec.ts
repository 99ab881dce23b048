import { expectSocket } from '../../support/page/channels.ts';
import { expect, test } from '../../support/e2e.ts';
import { connectKeeper, expectSession } from '../../support/page/keeper-page.ts';
import { fetchOnce } from '../../support/page/page-fetch.ts';
import { seesSignedIn, signIn, TOKEN_KINDS } from '../../support/page/sign-in.ts';

const HALF_AN_HOUR_MS = 1_800_000;

for (const kind of TOKEN_KINDS) {
  for (const skewMs of [HALF_AN_HOUR_MS, -HALF_AN_HOUR_MS]) {
    const off = `${Math.abs(skewMs) / 60_000} minutes ${skewMs > 0 ? 'fast' : 'slow'}`;

    test(`${kind}: signs in, refreshes and connects when the server’s clock is ${off} [server-clock-off]`, async ({
      page,
      app,
      lab,
    }) => {
      await lab.setClockSkew(skewMs);
      await signIn(page, app.origin, kind);
      expect(await fetchOnce(page)).toBe(200);
      await expectSocket(page, 'open');
      await lab.expireTokens();
      expect(await fetchOnce(page)).toBe(200);
      await page.reload();
      await seesSignedIn(page);
      await connectKeeper(page);
      await expectSession(page, 'active');
      await expectSocket(page, 'open');
      // One refresh only, because the expiry counts from the moment of the answer.
      const { tokenRequests } = await lab.stats();
      for (let times = 0; times < 3; times += 1) expect(await fetchOnce(page)).toBe(200);
      expect((await lab.stats()).tokenRequests).toBe(tokenRequests);
    });

    test(`keeps the ${kind} session when the server’s clock jumps and is then ${off}`, async ({ page, app, lab }) => {
      await signIn(page, app.origin, kind);
      await expectSocket(page, 'open');
      await lab.setClockSkew(skewMs);
      expect(await fetchOnce(page)).toBe(200);
      await lab.dropSockets();
      await expectSession(page, 'active');
      await expectSocket(page, 'open');
      await page.reload();
      await seesSignedIn(page);
      expect(await fetchOnce(page)).toBe(200);
    });
  }
}
