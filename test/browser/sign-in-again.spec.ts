import { expect, test } from '../support/e2e.ts';
import { connectKeeper, sessionStateOf, snapshotOf } from '../support/keeper-page.ts';
import { fetchOnce } from '../support/page-fetch.ts';
import { INTENTS, signIn } from '../support/sign-in.ts';

test('oidc: whoever signs in once more, as the same person, stays signed in', async ({ page, app, lab }) => {
  await signIn(page, app.origin, 'oidc');
  const former = (await snapshotOf(page)).session;
  await page.evaluate((intent) => void window.keeper.signIn(intent), INTENTS.oidc);
  await page.waitForURL(/\/sign-in\//);
  await page.getByRole('button', { name: /^Continue/ }).click();
  await page.waitForURL(`${app.origin}/`);
  await connectKeeper(page);
  await expect.poll(() => sessionStateOf(page)).toBe('active');
  await expect.poll(async () => (await snapshotOf(page)).session).not.toEqual(former);
  // Whatever there is to tell the provider of the former session has been told by then.
  expect(await page.evaluate(() => window.keeper.nudge())).toMatchObject({ ok: true });
  for (let round = 1; round <= 2; round += 1) {
    const { refreshGrants } = await lab.stats();
    await lab.expireTokens();
    expect(await fetchOnce(page)).toBe(200);
    expect((await lab.stats()).refreshGrants).toBe(refreshGrants + 1);
    await expect.poll(() => sessionStateOf(page)).toBe('active');
  }
});
