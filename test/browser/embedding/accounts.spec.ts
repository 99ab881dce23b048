import type { BrowserContext, Page } from '@playwright/test';
import { expectAccessibleInBoth } from '../../support/browser/accessible.ts';
import { expect, FAILED_REQUEST, FAILED_SOCKET, test, type Lent } from '../../support/e2e.ts';
import { DEMO, expectSession, snapshotOf, useAppKeeper } from '../../support/page/keeper-page.ts';
import { openMenu, seesSignedIn, signInByHand } from '../../support/page/sign-in.ts';
import { startApp } from '../../support/server/app.ts';
import {
  embeddingConfig,
  keeperScript,
  signInSite,
  startEmbeddingSite,
  type EmbeddingSite,
} from '../../support/sites/embedding-site.ts';

/* The switch between several accounts: as an element of another site, and in the menu of the app. */

/** `own`: the session with which the page stays. */
const pageOf = (
  own?: string,
): string => `<!doctype html><html lang="en"><title>site</title><link rel="icon" href="data:,">
<main><h1>Inbox</h1><session-status></session-status><session-accounts></session-accounts></main>
<script type="module">
  import { connect } from '/keeper.js';
  import { defineAccounts, provideKeeper } from '/keeper-elements.js';
  window.reported = [];
  for (const type of ['session-switched', 'session-left']) addEventListener(type, () => window.reported.push(type));
  window.keeper = await connect(${JSON.stringify({ worker: '/keeper-sw.js', session: own })});
  provideKeeper(window.keeper, document);
  await defineAccounts();
  document.documentElement.dataset.ready = '';
</script></html>`;

declare global {
  interface Window {
    /** The events of the list of accounts. */
    reported: string[];
    badges: number[];
  }
}

/** A site with several sessions, and the list on its page. */
const startSite = async (): Promise<EmbeddingSite> => {
  const site = await startEmbeddingSite();
  site.serve('/keeper-sw.js', await keeperScript(embeddingConfig('/', { sessions: {} })));
  site.serve('/', pageOf());
  return site;
};

const open = async (page: Page, url: string): Promise<void> => {
  await page.goto(url);
  await expect(page.locator('html[data-ready]')).toBeAttached({ timeout: 30_000 });
};

const accounts = (page: Page) => page.locator('session-accounts');
const rows = (page: Page) => accounts(page).getByRole('listitem');
const here = (page: Page) => accounts(page).locator('[aria-current=true]');
const said = (page: Page) => page.locator('session-status').getByRole('status');
const reported = (page: Page): Promise<string[]> => page.evaluate(() => window.reported);
const nameOf = async (page: Page): Promise<string | undefined> => (await snapshotOf(page)).sessionName;
const button = (page: Page, name: string | RegExp) => accounts(page).getByRole('button', { name });

test('a person adds, switches and leaves accounts by keyboard, in all tabs at once [accounts-element]', async ({
  page,
  complaints,
  afterwards,
}) => {
  complaints.expect(FAILED_REQUEST);
  const site = await startSite();
  afterwards(() => site.stop());
  const other = await page.context().newPage();
  for (const each of [page, other]) await open(each, `${site.origin}/`);
  await signInSite(page, 'ann');
  await expect(rows(page)).toHaveText([/ann.*Shown in this tab/s]);

  await button(page, 'Add an account').press('Enter');
  await expect.poll(() => Promise.all([nameOf(page), nameOf(other)])).toEqual(['account-2', 'account-2']);
  await expectSession(other, 'signed-out');
  await signInSite(other, 'bob');
  for (const each of [page, other]) await expect(rows(each)).toHaveText([/ann/, /bob.*Shown in this tab/s]);
  await expect(here(page)).toContainText('bob');
  await expectAccessibleInBoth(page);

  await button(page, /^Switch to ann/).press('Enter');
  await expect.poll(() => Promise.all([nameOf(page), nameOf(other)])).toEqual([undefined, undefined]);
  for (const each of [page, other]) await expect(rows(each)).toHaveText([/ann.*Shown in this tab/s, /bob/]);
  // The button that was pressed is gone.
  await expect(here(page)).toBeFocused();
  await expect(said(page)).toContainText('All tabs now show ann.');
  expect(await other.evaluate(async () => (await (await fetch('/api/x')).json()) as unknown)).toMatchObject({
    user: 'ann',
  });

  // One of them, which no tab shows. Its place is free for the next account.
  await button(page, 'Sign out bob').press('Enter');
  await expect(rows(page)).toHaveText([/ann/]);
  await expect(button(page, 'Add an account')).toBeFocused();
  await expectSession(page, 'active');
  await expect.poll(() => reported(page)).toEqual(['session-switched', 'session-switched']);
  await button(page, 'Add an account').press('Enter');
  await expect.poll(() => nameOf(page)).toBe('account-2');
  await signInSite(page, 'cy');
  await button(page, 'Sign out of all accounts').press('Enter');
  for (const each of [page, other]) await expectSession(each, 'signed-out');
  await expect.poll(async () => (await reported(page)).at(-1)).toBe('session-left');
  expect(await page.evaluate(() => window.keeper.sessions())).toMatchObject({
    value: [{ session: { state: 'signed-out' } }, { session: { state: 'signed-out' } }],
  });
});

test('a tab with an account of its own says that it stays with it [accounts-own-tab]', async ({
  page,
  complaints,
  afterwards,
}) => {
  complaints.expect(FAILED_REQUEST);
  const site = await startSite();
  afterwards(() => site.stop());
  site.serve('/work', pageOf('work'));
  const other = await page.context().newPage();
  await open(other, `${site.origin}/`);
  await signInSite(other, 'ann');
  await open(page, `${site.origin}/work`);
  await signInSite(page, 'cy');
  await expect(rows(page)).toHaveText([/ann/, /cy.*Shown in this tab/s]);
  await button(page, 'Add an account').press('Enter');
  await expect.poll(() => nameOf(other)).toBe('account-2');
  await expect(said(page)).toContainText('This tab stays with its account.');
  expect([await nameOf(page), await reported(page)]).toEqual(['work', []]);
});

test('an account that the server ended has a number, and a failed sign-out keeps the focus [accounts-ended]', async ({
  page,
  complaints,
  afterwards,
}) => {
  complaints.expect(FAILED_REQUEST);
  const site = await startSite();
  afterwards(() => site.stop());
  await open(page, `${site.origin}/`);
  await signInSite(page, 'ann');
  await button(page, 'Add an account').press('Enter');
  await expect.poll(() => nameOf(page)).toBe('account-2');
  await signInSite(page, 'bob');
  await expect(rows(page)).toHaveText([/ann/, /bob/]);

  // A sign-out fails for few reasons, none of which a server can cause.
  await accounts(page).evaluate((element: HTMLElement & { keeper?: object }) => {
    const signOut = async () => ({ ok: false, problem: { code: 'timeout', at: 'signOut' } });
    element.keeper = Object.create(window.keeper, { signOut: { value: signOut } }) as object;
  });
  await button(page, 'Sign out bob').press('Enter');
  await expect(accounts(page).getByRole('alert')).not.toBeEmpty();
  await expect(button(page, 'Sign out bob')).toBeFocused();

  site.revoke();
  await page.evaluate(() => fetch('/api/x'));
  await expectSession(page, 'signed-out');
  await expect(rows(page)).toHaveText([/ann/, /Account 2.*Sign in again/s]);
});

test('a site with one session shows no list of accounts', async ({ page, complaints, afterwards }) => {
  complaints.expect(FAILED_REQUEST);
  const site = await startSite();
  afterwards(() => site.stop());
  site.serve('/keeper-sw.js', await keeperScript(embeddingConfig()));
  await open(page, `${site.origin}/`);
  await signInSite(page, 'ann');
  await expect(said(page)).toContainText('Connected');
  // A list that the element loads arrives before this one, because it asked first.
  await page.evaluate(() => window.keeper.sessions());
  expect(await accounts(page).evaluate(({ shadowRoot }) => shadowRoot?.querySelectorAll('section').length)).toBe(0);
});

/** An app with two sessions of the demo user, which shows the second. Resolves with its origin. */
const openTwoAccounts = async (
  page: Page,
  { complaints, afterwards }: Pick<Lent, 'complaints' | 'afterwards'>,
): Promise<string> => {
  complaints.expect(FAILED_REQUEST, FAILED_SOCKET);
  const app = await startApp({ env: { SEVERAL_SESSIONS: '1' } });
  afterwards(() => app.stop());
  await page.addInitScript(() => {
    window.badges = [];
    Object.assign(navigator, { setAppBadge: async (count: number) => void window.badges.push(count) });
  });
  await signInByHand(page, app.origin, 'password');
  await addAccount(page);
  // The browser has one cookie, so a named session has no sign-in by API key, and so no choice.
  await page.getByRole('textbox', { name: 'User name' }).fill(DEMO.username);
  await page.getByRole('textbox', { name: 'Password' }).fill(DEMO.password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await seesSignedIn(page);
  return app.origin;
};

const addAccount = async (page: Page): Promise<void> => {
  await openMenu(page);
  await button(page, 'Add an account').press('Enter');
  await expect(page.getByRole('heading', { name: 'Sign in', exact: true })).toBeVisible();
};

/** Receives one message in the shown account while another page of the app is on screen. */
const leaveUnread = async (page: Page, origin: string, sender: BrowserContext): Promise<void> => {
  const list = page.getByRole('list', { name: 'Messages in general, oldest first' });
  const other = await sender.newPage();
  await signInByHand(other, origin, 'password');
  const say = async (text: string): Promise<void> => {
    await other.getByRole('textbox', { name: 'Message' }).fill(text);
    await other.keyboard.press('Enter');
  };
  await other.getByRole('link', { name: 'Messages' }).click();
  await page.getByRole('link', { name: 'Messages' }).click();
  await say('are you there?');
  await expect(list.getByText('are you there?')).toBeVisible();
  await page.getByRole('link', { name: 'Home' }).click();
  await say('one');
  await expect(page.getByRole('img', { name: '1 unread' })).toBeVisible();
};

const badge = (page: Page) => expect.poll(async () => (await page.evaluate(() => window.badges)).at(-1));

test('the menu of the app switches between two accounts, and the icon counts their unread messages [accounts-menu]', async ({
  page,
  browser,
  complaints,
  afterwards,
}) => {
  const sender = await browser.newContext();
  afterwards(() => sender.close());
  const origin = await openTwoAccounts(page, { complaints, afterwards });

  await test.step('an account that a person does not want to add after all leads back to the first', async () => {
    await addAccount(page);
    await expect(page.getByRole('dialog')).toHaveCount(0);
    await openMenu(page);
    await button(page, /^Switch to Demo User/)
      .last()
      .press('Enter');
    await seesSignedIn(page);
  });

  await test.step('the list is in the language of the menu', async () => {
    await openMenu(page);
    const language = page.locator('session-menu').getByRole('combobox');
    for (const [name, add] of [
      ['Deutsch', 'Konto hinzufügen'],
      ['Français', 'Ajouter un compte'],
      ['English', 'Add an account'],
    ] as const) {
      await language.selectOption(name);
      await expect(button(page, add)).toBeVisible();
    }
    await expect(rows(page)).toHaveText([/Demo User/, /Demo User.*Shown in this tab/s]);
    await expectAccessibleInBoth(page);
    await page.keyboard.press('Escape');
  });

  await test.step('what is unread in an account waits there, and goes with it', async () => {
    await leaveUnread(page, origin, sender);
    await badge(page).toBe(1);
    await openMenu(page);
    await button(page, /^Switch to Demo User/).press('Enter');
    await expect(page.getByRole('img', { name: '1 unread' })).toHaveCount(0);
    await openMenu(page);
    await expect(button(page, /^Switch to Demo User.* 1 unread$/)).toBeVisible();
    await badge(page).toBe(1);
    await button(page, 'Sign out Demo User').last().press('Enter');
    await expect(rows(page)).toHaveText([/Demo User.*Shown in this tab/s]);
    await badge(page).toBe(0);
  });

  await test.step('the menu closes when the shown account is left', async () => {
    await button(page, 'Sign out Demo User').press('Enter');
    await expect(page.getByRole('heading', { name: 'Sign in', exact: true })).toBeVisible();
    await expect(accounts(page)).toBeHidden();
  });
});

test('a device that is cleared has no account and no count any more [accounts-cleared]', async ({
  page,
  complaints,
  afterwards,
}) => {
  const origin = await openTwoAccounts(page, { complaints, afterwards });
  // As another tab leaves it, which has received messages in the first account.
  await page.evaluate(() => localStorage.setItem('session-keeper:unread', '{"":3}'));
  await page.reload();
  await badge(page).toBe(3);
  await page.goto(`${origin}/#settings`);
  await page.getByRole('button', { name: 'Clear…' }).click();
  await page.getByRole('button', { name: 'Sign out and clear' }).click();
  // The sign-in form is there before the device is clear; the new page comes after that.
  await page.waitForURL(`${origin}/`);
  await expect(page.getByRole('heading', { name: 'Sign in', exact: true })).toBeVisible();
  await useAppKeeper(page);
  expect(await page.evaluate(() => window.keeper.sessions())).toMatchObject({
    value: [{ session: { state: 'signed-out' } }, { session: { state: 'signed-out' } }],
  });
  expect(await page.evaluate(() => localStorage.length)).toBe(0);
});
