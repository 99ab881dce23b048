import type { Page } from '@playwright/test';
import { expectAccessible } from '../../support/browser/accessible.ts';
import { expect } from '../../support/browser/expect.ts';
import { openMenu } from '../../support/page/sign-in.ts';
import { test } from '../gallery.ts';

/** The accessibility tree of each main state: what a picture shows, independent of fonts. */
const STATES: Readonly<Record<string, string>> = {
  active: `
    - banner:
      - navigation "Pages":
        - link "Home"
        - link "Messages"
        - link "Timeline"
        - link "Resilience"
        - link "Try it"
      - 'button "Session: Connected"'
      - status: Connected
      - 'button "Account: Demo"'
    - main:
      - heading "You are signed in as Demo." [level=1]
      - paragraph: /Everything is connected. The server confirmed your session 2 minutes ago. Signed in for 2 days 4 h. Survived 41 reloads/
      - heading "Access token renews within" [level=2]
      - meter "Access token, time left"
      - heading "Round trip" [level=2]
      - heading "Last 24 hours in this browser" [level=2]
      - heading "Session" [level=2]
      - heading "Protection" [level=2]
      - heading "Survived" [level=2]
      - heading "This browser" [level=2]
      - region "Live connections":
        - heading "Live connections" [level=2]`,
  degraded: `
    - banner:
      - 'button "Session: Reconnecting"'
    - main:
      - heading "You are signed in as Demo, waiting for the server." [level=1]
      - group: Why is it reconnecting?
      - button "Try now"`,
  offline: `
    - banner:
      - 'button "Session: Offline"'
    - main:
      - heading "You are signed in as Demo, and offline." [level=1]
      - group: Why am I offline?
      - button "Try now"`,
  update: `
    - banner:
      - status: Connected. A new version is ready.
    - main:
      - paragraph:
        - strong: A new version is ready.
        - text: You stay signed in, in all tabs.
      - button "Reload"`,
  ending: `
    - banner:
      - status: /Connected. Your session ends/
    - main:
      - paragraph:
        - strong: /Your session ends/
      - button "Stay signed in"`,
  rejected: `
    - banner:
      - 'button "Session: Signed out"'
    - main:
      - region "Session Keeper":
        - heading "Stay signed in. Stay connected." [level=2]
        - button "Try it now"
      - region "Sign in":
        - heading "Sign in" [level=1]
        - paragraph: The server ended your session. Sign in to continue.
        - alert
        - button "Continue with single sign-on"
        - group: Why was I signed out?`,
};

for (const [scene, snapshot] of Object.entries(STATES)) {
  test(`${scene} has the expected accessibility tree`, async ({ page, gallery }) => {
    await gallery.open(scene);
    await expect(page.locator('body')).toMatchAriaSnapshot(snapshot);
  });
}

/** The layout shifts so far (https://wicg.github.io/layout-instability/). */
const layoutShifts = (page: Page): Promise<string[]> =>
  page.evaluate(
    () =>
      new Promise((resolve) => {
        const moved: string[] = [];
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries())
            moved.push(`${Math.round(entry.startTime)} ms: ${JSON.stringify(entry)}`);
        }).observe({ type: 'layout-shift', buffered: true });
        requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => resolve(moved))));
      }),
  );

test('moves nothing while the page loads', async ({ page, gallery }) => {
  await gallery.open('active');
  await expect(page.getByRole('heading', { name: 'Live connections' })).toBeVisible();
  expect(await layoutShifts(page)).toEqual([]);
});

test.describe('German', () => {
  test('applies to every page at once when it is chosen', async ({ page, gallery }) => {
    await gallery.open('degraded', '#messages');
    await openMenu(page);
    await page.getByRole('combobox', { name: 'Language' }).selectOption('Deutsch');
    await page.keyboard.press('Escape');
    await expect(page.getByRole('heading', { name: 'Nachrichten' })).toBeVisible();
    await expect(page.locator('html')).toHaveAttribute('lang', 'de');
    await page.getByRole('link', { name: 'Start', exact: true }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(
      'Du bist als Demo angemeldet und wartest auf den Server.',
    );
    await page.getByText('Warum wird neu verbunden?').click();
    await expect(page.locator('session-summary')).toContainText('4 Versuche bisher.');
    await expectAccessible(page);
    expect(gallery.consoleMessages).toEqual([]);
  });

  for (const page of ['', '#messages', '#timeline', '#lab', '#tryIt', '#settings', '#nothing'])
    test(`fits at 320 px and at a zoom of 400 %: ${page || 'home'}`, async ({ page: tab, gallery }) => {
      // 320 by 256 is a screen of 1280 by 1024 at a zoom of 400 % (WCAG 2.2, 1.4.10)
      for (const [height, language] of [
        [256, 'fr'],
        [700, 'de'],
      ] as const) {
        await tab.setViewportSize({ width: 320, height });
        await gallery.open('degraded', page, language);
        await expect(tab.getByRole('heading', { level: 1 })).toBeVisible();
        expect(
          await tab.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
          language,
        ).toBe(0);
      }
      await expectAccessible(tab);
    });
});

test.describe('before a session ends', () => {
  test('the user can sign in again over the page, or dismiss it, and keeps the draft', async ({ page, gallery }) => {
    await gallery.open('ending', '#messages');
    const draft = page.getByRole('textbox', { name: 'Message' });
    await draft.fill('half a thought');
    const extend = page.getByRole('button', { name: 'Stay signed in' });
    await extend.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Sign in again' });
    await expect(dialog).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(dialog).toBeHidden();
    await extend.press('Enter');
    await page.getByRole('textbox', { name: 'User name' }).fill('demo');
    await page.getByRole('textbox', { name: 'Password' }).fill('demo');
    await page.keyboard.press('Enter');
    await expect(dialog).toBeHidden();
    await expect(extend).toHaveCount(0);
    await expect(draft).toHaveValue('half a thought');
    expect(await gallery.calls()).toEqual(['signIn password']);
  });

  test('reopens the dialog when it was closed a moment ago', async ({ page, gallery }) => {
    await gallery.open('ending', '#messages');
    await page.getByRole('button', { name: 'Stay signed in' }).press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Sign in again' });
    await expect(dialog).toBeVisible();
    const isOpen = await dialog.evaluate(async (element) => {
      const closed = new Promise((resolve) => element.addEventListener('close', resolve, { once: true }));
      if (element instanceof HTMLDialogElement) element.close();
      document.querySelector('session-gate')?.dispatchEvent(new Event('session-extend', { bubbles: true }));
      await closed;
      return element.matches('[open]');
    });
    expect(isOpen).toBe(true);
    await page.getByRole('textbox', { name: 'User name' }).fill('demo');
    await expect(dialog).toBeVisible();
  });

  test('announces the warning once, not every second', async ({ page, gallery }) => {
    await page.clock.install();
    await gallery.open('ending');
    const status = page.locator('session-status').getByRole('status');
    const announced = await status.textContent();
    expect(announced).toMatch(/Your session ends/);
    await page.clock.runFor(5_000);
    expect(await status.textContent()).toBe(announced);
  });
});

test('draws the chart and stays accessible with forced colours', async ({ page, gallery }) => {
  await page.emulateMedia({ forcedColors: 'active' });
  await gallery.open('active', '#timeline');
  const drawn = await page.locator('session-lanes canvas').evaluate((canvas) => {
    if (!(canvas instanceof HTMLCanvasElement)) return 0;
    const pixels = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
    return pixels.filter((value, index) => index % 4 === 3 && value > 0).length;
  });
  expect(drawn).toBeGreaterThan(1000);
  await expectAccessible(page);
});
