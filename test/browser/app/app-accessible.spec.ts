import type { Page } from '@playwright/test';
import { pageStrings } from '../../../server/provider/page-strings.ts';
import { continuePage, messagePage, signInPage, signOutPage } from '../../../server/provider/sign-in-page.ts';
import { expectAccessibleInBoth } from '../../support/browser/accessible.ts';
import { expect } from '../../support/browser/expect.ts';
import { smallTargets } from '../../support/page/touch-targets.ts';
import { openMenu } from '../../support/page/sign-in.ts';
import { test } from '../gallery.ts';

/* What a scene shows only after an action: dialogs, popovers, errors and opened parts. ui.spec.ts checks the scenes themselves. */

const say = async (page: Page, text: string): Promise<void> => {
  await page.getByRole('textbox', { name: 'Message' }).fill(text);
  await page.keyboard.press('Enter');
};

test('the status popover and the sign-in dialog are accessible, also with an error', async ({ page, gallery }) => {
  await gallery.open('degraded');
  await page.getByRole('button', { name: /^Session:/ }).press('Enter');
  await expect(page.locator('session-status [popover]')).toBeVisible();
  await expectAccessibleInBoth(page);
  await page.keyboard.press('Escape');
  await gallery.show('rejected');
  await expect(page.getByRole('dialog', { name: 'Sign in again' })).toBeVisible();
  await page.getByText('Why was I signed out?').click();
  await page.getByRole('textbox', { name: 'User name' }).fill('demo');
  await page.getByRole('textbox', { name: 'Password' }).fill('wrong');
  await page.keyboard.press('Enter');
  await expect(page.getByText('Wrong user name or password.')).toBeVisible();
  await expectAccessibleInBoth(page);
  expect(gallery.consoleMessages).toEqual([]);
});

test('messages are accessible in each delivery state, with a gap and an open form for a channel', async ({
  page,
  gallery,
}) => {
  await gallery.open('active', '#messages');
  const list = page.getByRole('list', { name: /^Messages in/ });
  for (const text of ['hello', 'refused', 'slow']) await say(page, text);
  await expect(list).toContainText(/Hello yourself\..*refused.*Not sent.*slow.*Sent/s);
  await page.getByText('New channel').click();
  await expectAccessibleInBoth(page);
  await gallery.show('offline');
  await expect(list).toContainText('Queued');
  await page.setViewportSize({ width: 412, height: 823 });
  await expectAccessibleInBoth(page);
  expect(gallery.consoleMessages).toEqual([]);
});

test('two hundred channels are a drawer on a phone: found by keyboard, accessible, and as wide as the screen', async ({
  page,
  gallery,
}) => {
  await page.setViewportSize({ width: 320, height: 640 });
  await gallery.open('active', '#messages');
  await page.locator('session-messages').evaluate((element) => {
    const many = document.createElement('session-messages');
    many.setAttribute('channels', Array.from({ length: 200 }, (_, n) => `team-${n}`).join(' '));
    element.replaceWith(many);
  });
  const opener = page.getByRole('button', { name: 'Channels: team-0' });
  await opener.press('Enter');
  const find = page.getByRole('searchbox', { name: 'Find a channel' });
  await expect(find).toBeVisible();
  await expectAccessibleInBoth(page);
  await find.fill('117');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await expect(find).toBeHidden();
  await expect(page.getByRole('button', { name: 'Channels: team-117' })).toBeVisible();
  await page.getByRole('button', { name: 'Channels: team-117' }).press('Enter');
  await page.keyboard.press('Escape');
  await expect(find).toBeHidden();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320);
  await page.setViewportSize({ width: 1280, height: 800 });
  await expect(find, 'on a wide screen the list is beside the conversation').toBeVisible();
  expect(gallery.consoleMessages).toEqual([]);
});

test('the timeline is accessible as lanes with a selected event, as a table, and with a rejected file', async ({
  page,
  gallery,
}) => {
  await gallery.open('active', '#timeline', 'en', 200);
  await expect(page.locator('session-lanes .name')).toHaveCount(6);
  await page.getByRole('application').press('ArrowLeft');
  await expect(page.locator('session-lanes .evidence strong')).toBeVisible();
  await expectAccessibleInBoth(page);
  await page.getByRole('radio', { name: 'Table' }).check();
  await page.getByRole('checkbox', { name: 'Show internal steps' }).check();
  const content = { name: 'holiday.json', mimeType: 'application/json', buffer: Buffer.from('{}') };
  await page.locator('session-timeline input[type=file]').first().setInputFiles(content);
  await expect(page.getByText('This file is not a Session Keeper timeline.')).toBeVisible();
  await expectAccessibleInBoth(page);
  expect(gallery.consoleMessages).toEqual([]);
});

test('the demo request is accessible with its response', async ({ page, gallery }) => {
  await gallery.open('update', '#tryIt');
  await page.getByRole('button', { name: 'Send request' }).click();
  await expect(page.getByRole('region', { name: 'Response' })).toBeVisible();
  await expectAccessibleInBoth(page);
  expect(gallery.consoleMessages).toEqual([]);
});

const HINT = { username: 'demo', password: 'demo' };

test("the provider's pages are accessible", async ({ page }) => {
  const t = pageStrings('de-AT, en;q=0.5');
  const pages: Readonly<Record<string, string>> = {
    'signing in': signInPage({ t, action: '/sign-in/1', hint: HINT }),
    'a wrong password': signInPage({ t, action: '/sign-in/1', username: 'demo', problem: t.wrong }),
    'going on': continuePage({ t, action: '/sign-in/1', name: 'Demo User' }),
    'a dead end': messagePage({ t, title: t.over, text: t.overDetail, href: '/' }),
    'signing out': signOutPage('<form id="op.logoutForm" method="post" action="/end"></form>', t),
  };
  for (const [name, html] of Object.entries(pages))
    await test.step(name, async () => {
      await page.setContent(html);
      await expectAccessibleInBoth(page);
    });
});

test.describe('on a touch screen', () => {
  test.use({ hasTouch: true, isMobile: true });

  for (const [device, viewport] of [
    ['a phone', { width: 360, height: 740 }],
    ['a tablet', { width: 1024, height: 768 }],
  ] as const)
    test(`every target is at least 44 pixels wide and high on ${device}`, async ({ page, gallery }) => {
      await page.setViewportSize(viewport);
      const seesLargeTargets = async (where: string): Promise<void> =>
        expect.soft(await smallTargets(page), where).toEqual([]);
      for (const hash of ['', '#messages', '#timeline', '#lab', '#tryIt', '#settings', '#nothing']) {
        await gallery.open('degraded', hash);
        await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
        await seesLargeTargets(hash || 'home');
      }
      await openMenu(page);
      await seesLargeTargets('the menu');
      for (const scene of ['never', 'rejected', 'update', 'ending']) {
        await gallery.open(scene);
        await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
        await seesLargeTargets(scene);
      }
    });
});
