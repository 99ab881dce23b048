import type { Page } from '@playwright/test';
import { expectAccessibleInBoth } from '../../support/browser/accessible.ts';
import { expect, FAILED_REQUEST, FAILED_SOCKET, test } from '../../support/e2e.ts';
import { DEMO, expectSession, snapshotOf } from '../../support/page/keeper-page.ts';
import { openMenu, seesSignedIn, signInByHand } from '../../support/page/sign-in.ts';
import { startApp } from '../../support/server/app.ts';
import { embeddingConfig, keeperScript, signInSite, startEmbeddingSite } from '../../support/sites/embedding-site.ts';

/* The switch between several accounts: as an element of another site, and in the menu of the app. */

const PAGE = `<!doctype html><html lang="en"><title>site</title><link rel="icon" href="data:,">
<main><h1>Inbox</h1><session-accounts></session-accounts></main>
<script type="module">
  import { connect } from '/keeper.js';
  import { defineAccounts, provideKeeper, setLanguage } from '/keeper-elements.js';
  window.keeper = await connect({ worker: '/keeper-sw.js' });
  window.setLanguage = setLanguage;
  provideKeeper(window.keeper, document);
  await defineAccounts();
  document.documentElement.dataset.ready = '';
</script></html>`;

declare global {
  interface Window {
    setLanguage(language: string): Promise<void>;
  }
}

const accounts = (page: Page) => page.locator('session-accounts');
const rows = (page: Page) => accounts(page).getByRole('listitem');
const nameOf = async (page: Page): Promise<string | undefined> => (await snapshotOf(page)).sessionName;
const button = (page: Page, name: string | RegExp) => accounts(page).getByRole('button', { name });

test('a person adds, switches and leaves accounts by keyboard, in all tabs at once [accounts-element]', async ({
  page,
  complaints,
  afterwards,
}) => {
  complaints.expect(FAILED_REQUEST);
  const site = await startEmbeddingSite();
  afterwards(() => site.stop());
  site.serve('/keeper-sw.js', await keeperScript(embeddingConfig('/', { sessions: {} })));
  site.serve('/', PAGE);
  const other = await page.context().newPage();
  for (const each of [page, other]) {
    await each.goto(`${site.origin}/`);
    await expect(each.locator('html[data-ready]')).toBeAttached({ timeout: 30_000 });
  }
  await signInSite(page, 'ann');
  await expect(rows(page)).toHaveText([/ann.*Shown in this tab/s]);

  await button(page, 'Add an account').press('Enter');
  await expect.poll(() => Promise.all([nameOf(page), nameOf(other)])).toEqual(['account-2', 'account-2']);
  await expectSession(other, 'signed-out');
  await signInSite(other, 'bob');
  for (const each of [page, other]) await expect(rows(each)).toHaveText([/ann/, /bob.*Shown in this tab/s]);
  await expect(accounts(page).locator('[aria-current=true]')).toContainText('bob');
  await expectAccessibleInBoth(page);

  await button(page, /^Switch to ann/).press('Enter');
  await expect.poll(() => Promise.all([nameOf(page), nameOf(other)])).toEqual([undefined, undefined]);
  for (const each of [page, other]) await expect(rows(each)).toHaveText([/ann.*Shown in this tab/s, /bob/]);
  expect(await other.evaluate(async () => (await (await fetch('/api/x')).json()) as unknown)).toMatchObject({
    user: 'ann',
  });

  for (const [language, add] of [
    ['de', 'Konto hinzufügen'],
    ['fr', 'Ajouter un compte'],
    ['en', 'Add an account'],
  ] as const) {
    await page.evaluate(async (tag) => {
      await window.setLanguage(tag);
      document.querySelector<HTMLElement & { requestUpdate(): void }>('session-accounts')?.requestUpdate();
    }, language);
    await expect(button(page, add)).toBeVisible();
  }

  // One of them, which no tab shows. Its place is free for the next account.
  await button(page, 'Sign out bob').press('Enter');
  await expect(rows(page)).toHaveText([/ann/]);
  await expect(button(page, 'Add an account')).toBeFocused();
  await expectSession(page, 'active');
  await button(page, 'Add an account').press('Enter');
  await expect.poll(() => nameOf(page)).toBe('account-2');
  await signInSite(page, 'cy');
  await button(page, 'Sign out of all accounts').press('Enter');
  for (const each of [page, other]) await expectSession(each, 'signed-out');
  expect(await page.evaluate(() => window.keeper.sessions())).toMatchObject({
    value: [{ session: { state: 'signed-out' } }, { session: { state: 'signed-out' } }],
  });
});

test('a site with one session shows no list of accounts', async ({ page, complaints, afterwards }) => {
  complaints.expect(FAILED_REQUEST);
  const site = await startEmbeddingSite();
  afterwards(() => site.stop());
  site.serve('/keeper-sw.js', await keeperScript(embeddingConfig()));
  site.serve('/', PAGE);
  await page.goto(`${site.origin}/`);
  await expect(page.locator('html[data-ready]')).toBeAttached({ timeout: 30_000 });
  await signInSite(page, 'ann');
  await expectSession(page, 'active');
  await expect(accounts(page)).toBeEmpty();
  expect(await accounts(page).evaluate(({ shadowRoot }) => shadowRoot?.querySelector('section'))).toBeNull();
});

test('the menu of the app switches between two accounts, and the icon counts their unread messages [accounts-menu]', async ({
  page,
  complaints,
  afterwards,
}) => {
  complaints.expect(FAILED_REQUEST, FAILED_SOCKET);
  const app = await startApp({ env: { SEVERAL_SESSIONS: '1' } });
  afterwards(() => app.stop());
  await page.addInitScript(() => {
    window.badges = [];
    Object.assign(navigator, { setAppBadge: async (count: number) => void window.badges.push(count) });
  });
  await signInByHand(page, app.origin, 'password');
  await openMenu(page);
  await expect(rows(page)).toHaveText([/Demo User.*Shown in this tab/s]);
  await button(page, 'Add an account').press('Enter');
  await expect(page.getByRole('heading', { name: 'Sign in', exact: true })).toBeVisible();
  // The browser has one cookie, so a named session has no sign-in by API key, and so no choice.
  await page.getByRole('textbox', { name: 'User name' }).fill(DEMO.username);
  await page.getByRole('textbox', { name: 'Password' }).fill(DEMO.password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await seesSignedIn(page);
  await openMenu(page);
  await expect(rows(page)).toHaveCount(2);
  await expectAccessibleInBoth(page);
  await button(page, /^Switch to Demo User/).press('Enter');
  await expect.poll(async () => (await page.evaluate(() => window.badges)).at(-1) ?? 0).toBe(0);
  await seesSignedIn(page);

  // What was unread in the other account when the tab left it.
  await page.evaluate(() => {
    const value = JSON.stringify({ 'account-2': 3 });
    localStorage.setItem('session-keeper:unread', value);
    dispatchEvent(new StorageEvent('storage', { key: 'session-keeper:unread', newValue: value }));
  });
  await expect.poll(async () => (await page.evaluate(() => window.badges)).at(-1)).toBe(3);
  await openMenu(page);
  await expect(button(page, /^Switch to Demo User.* 3 unread$/)).toBeVisible();
});

declare global {
  interface Window {
    badges: number[];
  }
}
