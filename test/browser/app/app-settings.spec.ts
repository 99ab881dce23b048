import { expectAccessible } from '../../support/browser/accessible.ts';
import { expect, FAILED_REQUEST, FAILED_SOCKET, test } from '../../support/e2e.ts';
import { openMenu, seesSignedIn, signInByHand } from '../../support/page/sign-in.ts';

test('keeps language, appearance and the name of the last sign-in, until the device is cleared', async ({
  page,
  app,
}) => {
  await signInByHand(page, app.origin, 'password');
  await openMenu(page);
  await page.getByRole('radio', { name: 'Dark' }).check();
  await page.getByRole('combobox', { name: 'Language' }).selectOption('Deutsch');
  await expect(page.getByRole('link', { name: 'Nachrichten' })).toBeVisible();
  await page.reload();
  await expect(page.getByRole('heading', { name: 'Du bist als Demo User angemeldet.' })).toBeVisible();
  expect(await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme)).toBe('dark');
  await page.goto(`${app.origin}/#settings`);
  await page.getByRole('button', { name: 'Leeren…' }).click();
  await page.getByRole('button', { name: 'Abmelden und leeren' }).click();
  await expect(page.getByRole('heading', { name: 'Sign in', exact: true })).toBeVisible();
  await expect(page.getByRole('textbox', { name: 'User name' })).toHaveValue('');
  expect(await page.evaluate(() => localStorage.length)).toBe(0);
});

test('signs in at the provider in the language of the app', async ({ page, app }) => {
  await page.goto(app.origin);
  await openMenu(page);
  await page.getByRole('combobox', { name: 'Language' }).selectOption('Français');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Continuer avec l’authentification unique' }).click();
  await page.waitForURL(/\/sign-in\//);
  await expect(page.locator('html')).toHaveAttribute('lang', 'fr');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Se connecter');
  await page.getByLabel('Nom d’utilisateur').fill('demo');
  await page.getByLabel('Mot de passe').fill('demo');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Session ouverte pour Demo User.' })).toBeVisible();
});

test('an unknown address gets a page that says so and leads back', async ({ page, app }) => {
  await signInByHand(page, app.origin, 'password');
  await page.goto(`${app.origin}/no/such/page`);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('There is no page at this address.');
  await expect(page).toHaveTitle('Not found · Session Keeper');
  await page.goto(`${app.origin}/#nothing`);
  await expect(page.locator('session-missing')).toContainText('/#nothing');
  await page.goto(`${app.origin}/#neither`);
  await expect(page.locator('session-missing')).toContainText('/#neither');
  await page.getByRole('link', { name: 'Go to Home' }).click();
  await seesSignedIn(page);
  await expect(page).toHaveTitle('Home · Session Keeper');
});

test('keys open pages and the sheet of shortcuts, and stay in a field that has the focus', async ({ page, app }) => {
  await signInByHand(page, app.origin, 'password');
  await page.waitForFunction(() => document.querySelector('session-lab:defined'));
  await expect(async () => {
    await page.keyboard.press('?');
    await expect(page.getByRole('dialog', { name: 'Keyboard shortcuts' })).toBeVisible({ timeout: 1_000 });
  }).toPass();
  await page.keyboard.press('Escape');
  await page.keyboard.press('g');
  await page.keyboard.press('m');
  await expect(page).toHaveTitle('Messages · Session Keeper');
  const draft = page.getByRole('textbox', { name: 'Message' });
  await draft.focus();
  await page.keyboard.type('g t ?');
  await expect(draft).toHaveValue('g t ?');
  await page.goto(`${app.origin}/#settings`);
  await page.getByRole('switch', { name: 'Keyboard shortcuts' }).uncheck();
  await page.keyboard.press('g');
  await page.keyboard.press('h');
  await expect(page).toHaveTitle('Settings · Session Keeper');
});

test('another device is listed on the home page, and is signed out from there', async ({
  page,
  browser,
  app,
  complaints,
}) => {
  complaints.expect(FAILED_REQUEST, FAILED_SOCKET);
  const context = await browser.newContext();
  complaints.watch(context);
  const other = await context.newPage();
  await signInByHand(other, app.origin, 'password');
  await signInByHand(page, app.origin, 'password');
  const devices = page.getByRole('region', { name: 'Your devices' }).getByRole('listitem');
  await expect(devices.filter({ hasText: 'This one' })).toHaveText([/Chrome, Linux.*Password · active now/s]);
  await expectAccessible(page);
  // the latest first: this one, then the other
  const count = await devices.count();
  await devices
    .nth(1)
    .getByRole('button', { name: /^Sign out Chrome/ })
    .press('Enter');
  await expect(page.locator('session-status').getByRole('status')).toContainText('Chrome, Linux was signed out.');
  await expect(devices).toHaveCount(count - 1);
  await expect(other.getByRole('dialog', { name: 'Sign in again' })).toBeVisible({ timeout: 30_000 });
  await context.close();
});
