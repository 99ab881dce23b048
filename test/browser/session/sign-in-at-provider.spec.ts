import type { Page } from '@playwright/test';
import { expect, test } from '../../support/e2e.ts';
import { shiftDeviceClock } from '../../support/page/device-clock.ts';
import { connectKeeper, expectSession, openKeeper } from '../../support/page/keeper-page.ts';
import { fetchOnce } from '../../support/page/page-fetch.ts';
import { atProvider, seesSignedIn } from '../../support/page/sign-in.ts';

/* People leave the provider's page open, and use several tabs. test/host/auth/sign-ins.test.ts has the other orders. */

const TABS = 5;
const ABSENCE_MS = 61 * 60_000;

/** Leads the page to the provider's form. */
const leave = async (page: Page, returnTo: string): Promise<void> => {
  await page.evaluate((to) => void window.keeper.signIn({ kind: 'oidc', returnTo: to }), returnTo);
  await page.waitForURL(/\/sign-in\//);
};

test('signs in all of five tabs that are at the provider at once [five-tabs-browser]', async ({
  page,
  context,
  app,
  lab,
}) => {
  const others = await Promise.all(Array.from({ length: TABS - 1 }, () => context.newPage()));
  const tabs = [page, ...others];
  const placeOf = (tab: Page): string => `${app.origin}/?tab=${tabs.indexOf(tab)}`;
  await Promise.all(tabs.map((tab) => openKeeper(tab, app.origin)));
  await Promise.all(tabs.map((tab) => leave(tab, placeOf(tab).slice(app.origin.length))));
  await Promise.all(tabs.map(atProvider));
  await Promise.all(tabs.map((tab) => tab.waitForURL(placeOf(tab))));
  await Promise.all(tabs.map(seesSignedIn));
  await Promise.all(tabs.map(connectKeeper));
  for (const tab of tabs) await expectSession(tab, 'active');
  // The provider knows the session that they share, and the tabs share one refresh.
  const { refreshGrants } = await lab.stats();
  await lab.expireTokens();
  expect(await Promise.all(tabs.map((tab) => fetchOnce(tab)))).toEqual(tabs.map(() => 200));
  expect((await lab.stats()).refreshGrants).toBe(refreshGrants + 1);
});

test('begins the sign-in again when the provider’s page was open for more than an hour [hour-away-browser]', async ({
  page,
  app,
}) => {
  await openKeeper(page, app.origin);
  // The sign-in began an hour ago.
  await shiftDeviceClock(page, -ABSENCE_MS);
  await leave(page, '/?page=2');
  await shiftDeviceClock(page, ABSENCE_MS);
  await atProvider(page);
  // The provider knows the person by now, so its second page has no form.
  await page.getByRole('button', { name: /^Continue/ }).click();
  await page.waitForURL(`${app.origin}/?page=2`);
  await seesSignedIn(page);
  await connectKeeper(page);
  await expectSession(page, 'active');
  expect(await fetchOnce(page)).toBe(200);
});
