import type { Page } from '@playwright/test';
import { expectAccessible } from '../../support/browser/accessible.ts';
import { expect, FAILED_REQUEST, FAILED_SOCKET, test } from '../../support/e2e.ts';
import { killWorkers } from '../../support/browser/worker-kill.ts';
import { signInByHand, signOutByHand } from '../../support/page/sign-in.ts';

/** Repeats of nine characters: together more than the server accepts in one frame. */
const TOO_LONG = 30_000;

const messages = (page: Page, channel = 'general') =>
  page
    .getByRole('list', { name: `Messages in ${channel}, oldest first` })
    .getByRole('listitem')
    .and(page.locator('.message'));

const say = async (page: Page, text: string): Promise<void> => {
  await page.getByRole('textbox', { name: 'Message' }).fill(text);
  await page.keyboard.press('Enter');
};

/** Signs in, opens a second tab, and waits until both have joined the channel. */
const meet = async (page: Page, origin: string): Promise<Page> => {
  await signInByHand(page, origin, 'password');
  const other = await page.context().newPage();
  await other.goto(`${origin}/#messages`);
  await page.getByRole('link', { name: 'Messages' }).click();
  await say(page, 'are you there?');
  await expect(messages(page).last()).toContainText('Delivered');
  await say(other, 'I am.');
  await expect(messages(page).last()).toContainText('I am.');
  return other;
};

test('messages between tabs are delivered, counted as unread, queued offline, and survive a killed worker', async ({
  page,
  app,
  lab,
  context,
  complaints,
}) => {
  complaints.expect(FAILED_REQUEST, FAILED_SOCKET);
  const other = await meet(page, app.origin);

  await test.step('a message is unread while another page is shown', async () => {
    await page.getByRole('link', { name: 'Home' }).click();
    await say(other, 'one');
    await say(other, 'two');
    await expect(page.getByRole('img', { name: '2 unread' })).toBeVisible();
    await page.getByRole('link', { name: 'Messages' }).click();
    await expect(page.getByRole('img', { name: '2 unread' })).toHaveCount(0);
    await expect(messages(page).last()).toContainText('two');
  });

  await test.step('a message is queued when offline, and sent when online again', async () => {
    await context.setOffline(true);
    // setOffline leaves open sockets open
    await lab.dropSockets();
    await expect(page.getByText('Not connected. Messages stay on this device')).toBeVisible();
    await say(page, 'from the tunnel');
    await expect(messages(page).last()).toContainText('Queued');
    await killWorkers(page);
    await page.reload();
    await expect(messages(page).last()).toContainText(/from the tunnel.*Queued/s);
    await expect(messages(page).first(), 'only the last own message says that it was delivered').toHaveText(
      /are you there\?(?!.*Delivered)/s,
    );
    await context.setOffline(false);
    await expect(messages(page).last()).toContainText('Delivered', { timeout: 20_000 });
    await expect(messages(other).last()).toContainText('from the tunnel');
    await expect(messages(page).filter({ hasText: 'from the tunnel' })).toHaveCount(1);
  });

  await test.step('a new channel works by keyboard, and its messages stay in it', async () => {
    await page.getByText('New channel').press('Enter');
    await page.getByRole('textbox', { name: 'Name of the channel' }).fill('secret plans');
    await page.keyboard.press('Enter');
    await expect(page.getByRole('button', { name: 'secret plans' })).toHaveAttribute('aria-pressed', 'true');
    await expect(page.getByRole('textbox', { name: 'Message' })).toBeFocused();
    await say(page, 'psst');
    await expect(messages(page, 'secret plans')).toHaveText([/psst.*Delivered/s]);
    await expect(messages(other).filter({ hasText: 'psst' })).toHaveCount(0);
  });

  await test.step('a reloaded tab and a new tab show each message once, in order', async () => {
    const said = [/are you there\?/, /I am\./, /one/, /two/, /from the tunnel/];
    await page.reload();
    await expect(page.getByRole('button', { name: 'secret plans' })).toBeVisible();
    await expect(messages(page)).toHaveText(said);
    await expect(page.locator('session-messages .day')).toHaveText(['Today']);
    const third = await context.newPage();
    await third.goto(`${app.origin}/#messages`);
    await expect(messages(third)).toHaveText(said);
    await third.close();
  });

  await expectAccessible(page);
});

test('sends a message once that the worker had not taken before a reload, and keeps a refused one for a retry', async ({
  page,
  app,
}) => {
  const other = await meet(page, app.origin);

  await test.step('the worker had not taken it', async () => {
    // unique, because the server keeps the messages of other tests
    const words = `last words ${Date.now()}`;
    await page.evaluate(() => {
      ServiceWorker.prototype.postMessage = () => {};
    });
    await say(page, words);
    await expect(messages(page).last()).toContainText(words);
    await page.reload();
    await expect(messages(page).last()).toContainText(/last words.*Delivered/s);
    await page.reload();
    await say(page, `then ${words}`);
    await expect(messages(other).last()).toContainText(`then ${words}`);
    for (const tab of [page, other])
      await expect(messages(tab).filter({ hasText: words })).toHaveText([/(?<!then )last words/, /then last words/]);
  });

  await test.step('the server refused it', async () => {
    await say(page, 'too long '.repeat(TOO_LONG));
    const refused = messages(page).last();
    await expect(refused).toContainText('Not sent');
    await page.reload();
    await expect(refused).toContainText(/too long.*Not sent/s);
    await expect(refused.getByRole('button', { name: 'Try again' })).toBeVisible();
  });
});

test('a sign-out deletes the messages of the tab', async ({ page, app }) => {
  await signInByHand(page, app.origin, 'password');
  await page.getByRole('link', { name: 'Messages' }).click();
  await say(page, 'for my eyes only');
  await expect(messages(page).last()).toContainText('Delivered');
  await signOutByHand(page);
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  await expect(page.getByText('for my eyes only')).toHaveCount(0);
  await page.reload();
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  expect(await page.evaluate(() => sessionStorage.length)).toBe(0);
});
