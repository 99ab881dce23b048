import type { BrowserContext, Cookie, Page } from '@playwright/test';
import { expect, FAILED_REQUEST, test } from '../../support/e2e.ts';
import { connectKeeper, expectSession, snapshotOf } from '../../support/page/keeper-page.ts';
import { MODELS } from '../../support/page/page-fetch.ts';
import { signInByHand } from '../../support/page/sign-in.ts';
import { startDeviceBoundSite, type DeviceBoundSite } from '../../support/sites/device-bound-site.ts';

let site: DeviceBoundSite;
test.beforeAll(async () => {
  site = await startDeviceBoundSite();
});
test.afterAll(() => site.stop());

const BOUND_COOKIE = '__Host-device-bound';

const status = (page: Page) => page.getByRole('status');

const signIn = async (context: BrowserContext): Promise<Page> => {
  const page = await context.newPage();
  await page.goto(site.origin);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(status(page)).toHaveText(/^ann, /);
  return page;
};

/** A page learns of the binding with the next status: the registration follows the answer to the sign-in. */
const seesDeviceBound = (page: Page): Promise<void> =>
  expect(async () => {
    await page.reload();
    await expect(status(page)).toHaveText('ann, device-bound', { timeout: 5_000 });
  }).toPass({ timeout: 60_000 });

const account = (page: Page): Promise<number> => page.evaluate(async () => (await fetch('/api/account')).status);

const cookiesOf = (context: BrowserContext): Promise<Cookie[]> => context.cookies(site.origin);
const boundCookieOf = async (context: BrowserContext): Promise<string | undefined> =>
  (await cookiesOf(context)).find(({ name }) => name === BOUND_COOKIE)?.value;

test('a copied cookie stops working, and the browser that signed in goes on [device-bound-stolen]', async ({
  complaints,
}) => {
  const owner = await site.open({ hasKeys: true });
  const page = await signIn(owner);
  await seesDeviceBound(page);

  const stolen = await cookiesOf(owner);
  await page.goto('about:blank');
  const thief = await site.open({ hasKeys: true });
  await thief.addCookies(stolen);
  const thiefPage = await thief.newPage();
  complaints.watch(thief);
  await thiefPage.goto(`${site.origin}/app.js`);
  // The copied cookie itself lives for seconds. The browser of the owner renews its own.
  await expect.poll(() => account(thiefPage), { timeout: 60_000 }).toBe(401);
  await thiefPage.goto(site.origin);
  await expect(status(thiefPage)).toHaveText('Signed out');

  const former = stolen.find(({ name }) => name === BOUND_COOKIE)?.value;
  await page.goto(site.origin);
  await expect(status(page)).toHaveText('ann, device-bound');
  expect(await account(page)).toBe(200);
  expect(await boundCookieOf(owner)).not.toBe(former);
  complaints.expect(FAILED_REQUEST);
});

test('a sign-out ends the binding, and the next sign-in begins another one', async () => {
  const context = await site.open({ hasKeys: true });
  const page = await signIn(context);
  await seesDeviceBound(page);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(status(page)).toHaveText('Signed out');
  // The page shows the sign-out before the backend has it.
  await expect
    .poll(async () => (await cookiesOf(context)).map(({ name }) => name), { timeout: 60_000 })
    .not.toContain('__Host-session');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(status(page)).toHaveText(/^ann, /);
  await seesDeviceBound(page);
});

test('our own server binds the session of an API key, and refuses its copied cookie [device-bound-server]', async ({
  complaints,
}) => {
  const own = await startDeviceBoundSite('server');
  try {
    const owner = await own.open({ hasKeys: true });
    const page = await owner.newPage();
    await signInByHand(page, own.origin, 'ticket');
    const tierOf = async (): Promise<string> => {
      await page.reload();
      await connectKeeper(page);
      await expectSession(page, 'active');
      return (await snapshotOf(page)).tier;
    };
    await expect.poll(tierOf, { timeout: 60_000 }).toBe('device-bound');
    const models = (of: Page): Promise<number> => of.evaluate(async (url) => (await fetch(url)).status, MODELS);
    const thief = await own.open({ hasKeys: true });
    const cookies = await owner.cookies(own.origin);
    // The bound cookie has run out before a thief uses the copied ones.
    await thief.addCookies(cookies.filter(({ name }) => name !== BOUND_COOKIE));
    const thiefPage = await thief.newPage();
    complaints.watch(thief);
    await thiefPage.goto(`${own.origin}/`);
    // For some seconds after the binding, requests that began before it may still come.
    await expect.poll(() => models(thiefPage), { timeout: 60_000 }).toBe(401);
    await owner.clearCookies({ name: BOUND_COOKIE });
    expect(await models(page)).toBe(200);
    expect((await owner.cookies(own.origin)).map(({ name }) => name)).toContain(BOUND_COOKIE);
    complaints.expect(FAILED_REQUEST);
  } finally {
    await own.stop();
  }
});

test('a browser that cannot bind a session keeps it as before, and claims no binding', async () => {
  const context = await site.open({ hasKeys: false });
  const page = await signIn(context);
  await page.reload();
  await expect(status(page)).toHaveText('ann, sealed');
  expect(await boundCookieOf(context)).toBeUndefined();
  expect(await account(page)).toBe(200);
});
