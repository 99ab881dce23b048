import type { Page } from '@playwright/test';
import { expectAccessibleInBoth } from '../../support/browser/accessible.ts';
import { expect } from '../../support/browser/expect.ts';
import { signOutByHand } from '../../support/page/sign-in.ts';
import { test } from '../gallery.ts';

/** The headline of each scene in the gallery, and its status. */
const SCENES: Readonly<Record<string, readonly [headline: string, status: string]>> = {
  active: ['You are signed in as Demo.', 'Connected'],
  refreshing: ['You are signed in as Demo.', 'Connected'],
  degraded: ['You are signed in as Demo, waiting for the server.', 'Reconnecting'],
  offline: ['You are signed in as Demo, and offline.', 'Offline'],
  reconnecting: ['You are signed in as Demo, reconnecting.', 'Reconnecting'],
  limited: ['You are signed in as Demo, without live updates.', 'Limited'],
  memory: ['You are signed in as Demo.', 'Connected'],
  ending: ['You are signed in as Demo.', 'Connected'],
  update: ['You are signed in as Demo.', 'Connected'],
  ticket: ['You are signed in as demo.', 'Connected'],
  never: ['Sign in', 'Signed out'],
  'password-only': ['Sign in', 'Signed out'],
  rejected: ['Sign in', 'Signed out'],
  expired: ['Sign in', 'Signed out'],
  unable: ['Sign in', 'Signed out'],
  long: ['You are signed in as Maximiliane-Wilhelmine von und zu Hohenstein-Oettingen-Spielberg.', 'Connected'],
};

/** Scenes that announce more than their status. */
const ANNOUNCED: Readonly<Record<string, string | RegExp>> = {
  ending: /^Connected\. Your session ends .+\.\s*$/,
  update: 'Connected. A new version is ready.',
  memory: 'Connected. This session is not saved.',
};

const status = (page: Page) => page.locator('session-status').getByRole('status');
const headline = (page: Page) => page.getByRole('heading', { level: 1 });

const overflow = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

/** Hides or shows the page, as when the user switches tabs. */
const setHidden = (page: Page, hidden: boolean): Promise<void> =>
  page.evaluate((value) => {
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => value });
    document.dispatchEvent(new Event('visibilitychange'));
  }, hidden);

test('a hidden page renders a change of its status, and other changes once it is visible', async ({
  page,
  gallery,
}) => {
  await gallery.open('active');
  await expect(status(page)).toHaveText('Connected');
  await setHidden(page, true);
  await gallery.show('memory');
  expect(await status(page).textContent(), 'connected as before').not.toContain('not saved');
  await setHidden(page, false);
  await expect(status(page)).toHaveText('Connected. This session is not saved.');
  await setHidden(page, true);
  await gallery.show('never');
  await expect(page.getByRole('heading', { name: 'You are signed out.' })).toBeVisible();
});

test('tests each scene of the gallery', async ({ page, origin }) => {
  await page.goto(`${origin}/test/ui/gallery.html`);
  const listed = await page.getByRole('link').allTextContents();
  // `starting` and `asked` have tests of their own, below
  expect(listed.toSorted()).toEqual([...Object.keys(SCENES), 'starting', 'asked'].toSorted());
});

const expectNoSidewaysScroll = async (page: Page): Promise<void> => {
  for (const width of [320, 768, 1600]) {
    await page.setViewportSize({ width, height: 800 });
    expect(await overflow(page), `${width} px`).toBe(0);
  }
};

for (const [scene, [words, word]] of Object.entries(SCENES)) {
  test(`${scene} shows and announces its status, is accessible, and fits every width`, async ({ page, gallery }) => {
    await gallery.open(scene);
    await expect(headline(page)).toHaveText(words);
    await expect(status(page)).toHaveText(ANNOUNCED[scene] ?? word);
    await expect(page.getByRole('button', { name: `Session: ${word}` })).toBeVisible();
    for (const summary of await page.locator('summary:visible').all()) await summary.click();
    await expectAccessibleInBoth(page);
    await expectNoSidewaysScroll(page);
    expect(gallery.consoleMessages).toEqual([]);
  });
}

test('fits a narrow window from right to left', async ({ page, gallery }) => {
  await page.setViewportSize({ width: 320, height: 800 });
  await gallery.open('degraded', '#timeline');
  await page.evaluate(() => {
    document.documentElement.dir = 'rtl';
  });
  expect(await overflow(page)).toBe(0);
});

test.describe('the gate', () => {
  test('shows "restoring" after 300 ms, and never the sign-in page before the session is known', async ({
    page,
    gallery,
  }) => {
    await gallery.open('starting');
    const restoring = page.locator('session-gate .restoring');
    const visibilityAt = (ms: number) =>
      restoring.evaluate((element, at) => {
        for (const animation of element.getAnimations()) {
          animation.pause();
          animation.currentTime = at;
        }
        return getComputedStyle(element).visibility;
      }, ms);
    expect(await visibilityAt(299)).toBe('hidden');
    expect(await visibilityAt(301)).toBe('visible');
    await expect(page.getByRole('textbox')).toHaveCount(0);
    await gallery.show('active');
    await expect(headline(page)).toHaveText('You are signed in as Demo.');
    await expect(restoring).toBeHidden();
  });

  test('keeps the page and its draft when the server ends the session', async ({ page, gallery }) => {
    await gallery.open('active', '#messages');
    const draft = page.getByRole('textbox', { name: 'Message' });
    await draft.fill('half a thought');
    await gallery.show('rejected');
    const dialog = page.getByRole('dialog', { name: 'Sign in again' });
    await expect(dialog).toBeVisible();
    const signIn = page.getByRole('region', { name: 'Sign in' });
    await expect(signIn).toContainText('The server ended your session.');
    await draft.focus();
    await expect(draft).not.toBeFocused();
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await expect(dialog).toBeVisible();
    await signIn.getByText('Why was I signed out?').click();
    await expect(signIn.getByText(/HTTP 400 · invalid_grant/)).toBeVisible();
    await page.getByRole('textbox', { name: 'User name' }).fill('demo');
    await page.getByRole('textbox', { name: 'Password' }).fill('demo');
    await page.keyboard.press('Enter');
    await expect(dialog).toBeHidden();
    await expect(draft).toHaveValue('half a thought');
    await expect(draft).toBeFocused();
  });

  test('asks for a new sign-in over the page, which stays in place when the dialog is closed', async ({
    page,
    gallery,
  }) => {
    await page.setViewportSize({ width: 780, height: 480 });
    await gallery.open('asked');
    const dialog = page.getByRole('dialog', { name: 'Sign in again' });
    await expect(dialog).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(dialog).toBeHidden();
    await expect(headline(page)).toHaveText('You are signed in as Demo, but a new sign-in is needed.');
    await expect(status(page)).toHaveText('Sign in again. Renewal has stopped.');
    expect(await page.evaluate(() => scrollY), 'the notice above the page is in view').toBe(0);
    await expectAccessibleInBoth(page);
    await expectNoSidewaysScroll(page);
    await page.getByRole('button', { name: 'Sign in again', exact: true }).press('Enter');
    await expect(dialog).toBeVisible();
    expect(gallery.consoleMessages).toEqual([]);
  });

  test('explains what led to the end: time, sentence and raw entry', async ({ page, gallery }) => {
    await gallery.open('rejected');
    await page.getByText('Why was I signed out?').press('Enter');
    const lines = page.locator('session-why ol').getByRole('listitem');
    await expect(lines).toHaveText([
      /\d:\d\d:\d\d.*This device is offline\.$/s,
      /This device is online\./,
      /Renewal failed\..*session grant-failed.*code=grant-rejected at=\/token status=400$/s,
      /The session is signed out\.$/,
    ]);
  });

  test('fires session-user-changed when another user signs in', async ({ page, gallery }) => {
    await gallery.open('active');
    const changed = page.evaluate(
      () =>
        new Promise((resolve) => {
          document.addEventListener('session-user-changed', (event) => {
            event.preventDefault();
            resolve(event.cancelable);
          });
        }),
    );
    await gallery.show('rejected');
    await gallery.show('long');
    expect(await changed).toBe(true);
  });

  test('shows the sign-in page without a dialog when the user signed out', async ({ page, gallery }) => {
    await gallery.open('active');
    await signOutByHand(page);
    await expect(headline(page)).toHaveText('Sign in');
    await expect(page.getByRole('paragraph').filter({ hasText: 'You signed out.' })).toBeVisible();
    await expect(page.getByRole('dialog')).toHaveCount(0);
    await page.keyboard.press('Tab');
    await expect(page.getByRole('button', { name: 'Try it now' })).toBeFocused();
  });
});

test.describe('signing in', () => {
  test('works by keyboard alone', async ({ page, gallery }) => {
    await gallery.open('never');
    const single = page.getByRole('button', { name: 'Continue with single sign-on' });
    await page.getByRole('link', { name: 'Session Keeper' }).focus();
    for (const name of [/^Session:/, 'Menu', 'Try it now']) {
      await page.keyboard.press('Tab');
      await expect(page.getByRole('button', { name })).toBeFocused();
    }
    await page.keyboard.press('Tab');
    await expect(single).toBeFocused();
    await page.keyboard.press('Tab');
    await expect(page.getByRole('radio', { name: 'Password' })).toBeFocused();
    await page.keyboard.press('Tab');
    await page.keyboard.type('demo');
    await page.keyboard.press('Tab');
    await page.keyboard.type('demo');
    await page.keyboard.press('Enter');
    await expect(headline(page)).toHaveText('You are signed in as Demo.');
    expect(await gallery.calls()).toEqual(['signIn password']);
  });

  test('takes one click with the demo account of the server, and opens the resilience page', async ({
    page,
    gallery,
  }) => {
    await gallery.open('never');
    await page.getByRole('button', { name: 'Try it now' }).click();
    await expect(headline(page)).toHaveText('Resilience');
    expect(await gallery.calls()).toContain('signIn password');
  });

  test('shows the password on demand, and hides it after the sign-in', async ({ page, gallery }) => {
    await gallery.open('password-only');
    const password = page.getByRole('textbox', { name: 'Password' });
    const reveal = page.getByRole('button', { name: 'Show characters' });
    await password.fill('demo');
    await reveal.click();
    await expect(password).toHaveAttribute('type', 'text');
    await expect(reveal).toHaveAttribute('aria-pressed', 'true');
    await page.getByRole('textbox', { name: 'User name' }).fill('demo');
    await page.keyboard.press('Enter');
    await expect(headline(page)).toHaveText('You are signed in as Demo.');
    await expect(page.locator('session-sign-in [name=password]')).toHaveAttribute('type', 'password');
  });

  test('fills in the name of the last sign-in, and another account empties it', async ({ page, gallery }) => {
    await gallery.open('password-only');
    const name = page.getByRole('textbox', { name: 'User name' });
    await name.fill('ada');
    await page.getByRole('textbox', { name: 'Password' }).fill('demo');
    await page.keyboard.press('Enter');
    await signOutByHand(page);
    await expect(name).toHaveValue('ada');
    await expect(page.getByRole('textbox', { name: 'Password' })).toHaveValue('');
    await page.getByRole('button', { name: 'Use another account' }).click();
    await expect(name).toHaveValue('');
    await expect(name).toBeFocused();
  });

  test('preselects the method of the session that ended', async ({ page, gallery }) => {
    await gallery.open('rejected');
    await expect(page.getByRole('button', { name: 'Continue with single sign-on' })).toHaveClass('primary');
    await expect(page.getByRole('button', { name: 'Sign in', exact: true })).not.toHaveClass('primary');
  });

  test('shows the error and keeps the user name when the password is wrong', async ({ page, gallery }) => {
    await gallery.open('never');
    const password = page.getByRole('textbox', { name: 'Password' });
    await page.getByRole('textbox', { name: 'User name' }).fill('demo');
    await password.fill('wrong');
    await password.press('Enter');
    await expect(page.getByRole('alert')).toHaveText('Wrong user name or password.');
    await expect(page.getByRole('textbox', { name: 'User name' })).toHaveValue('demo');
    await expect(password).toBeFocused();
    await page.keyboard.type('demo');
    await page.keyboard.press('Enter');
    await expect(headline(page)).toHaveText('You are signed in as Demo.');
  });

  test('counts down after too many attempts, and announces the wait once', async ({ page, gallery }) => {
    await page.clock.install();
    await gallery.open('never');
    const submit = page.getByRole('button', { name: 'Sign in', exact: true });
    const alert = page.locator('session-sign-in [role=alert]');
    const countdown = alert.locator('[aria-hidden=true]');
    await page.getByRole('textbox', { name: 'User name' }).fill('demo');
    await page.getByRole('textbox', { name: 'Password' }).fill('limited');
    await page.keyboard.press('Enter');
    await expect(countdown).toHaveText('Too many attempts. Try again in 23 s.');
    await expect(submit).toBeDisabled();
    await page.clock.runFor(6_000);
    await expect(countdown).toHaveText(/^Too many attempts\. Try again in 1[67] s\.$/);
    // the accessible text stands still, or a screen reader would read it each second
    await expect(alert).toMatchAriaSnapshot('- alert: Too many attempts. Try again in 23 s.');
    await page.keyboard.press('Enter');
    expect(await gallery.calls()).toEqual(['signIn password']);
    await expectAccessibleInBoth(page);
    await page.clock.runFor(18_000);
    await expect(alert).toBeEmpty();
    await expect(submit).toBeEnabled();
  });

  test('blocks only the sign-in method that the server limits', async ({ page, gallery }) => {
    await gallery.open('never');
    await page.getByRole('textbox', { name: 'User name' }).fill('demo');
    await page.getByRole('textbox', { name: 'Password' }).fill('limited');
    await page.keyboard.press('Enter');
    await expect(page.getByRole('button', { name: 'Sign in', exact: true })).toBeDisabled();
    await expect(page.getByRole('button', { name: 'Continue with single sign-on' })).toBeEnabled();
    await page.getByRole('radio', { name: 'API key' }).check();
    await page.getByRole('textbox', { name: 'API key' }).fill('wrong');
    await page.keyboard.press('Enter');
    await expect(page.getByRole('alert')).toHaveText('Wrong API key.');
  });

  test('accepts an API key, chosen with an arrow key', async ({ page, gallery }) => {
    await gallery.open('never');
    await page.getByRole('radio', { name: 'Password' }).focus();
    await page.keyboard.press('ArrowRight');
    await expect(page.getByRole('radio', { name: 'API key' })).toBeChecked();
    await expect(page.getByRole('textbox', { name: 'User name' })).toBeHidden();
    await page.getByRole('textbox', { name: 'API key' }).fill('demo-key');
    await page.keyboard.press('Enter');
    await expect(headline(page)).toHaveText('You are signed in as Demo.');
    expect(await gallery.calls()).toEqual(['signIn ticket']);
  });

  test('calls the keeper once when the form is submitted twice', async ({ page, gallery }) => {
    await gallery.open('password-only');
    await page.getByRole('textbox', { name: 'User name' }).fill('demo');
    await page.getByRole('textbox', { name: 'Password' }).fill('slow');
    await page.keyboard.press('Enter');
    await expect(page.getByRole('button', { name: 'Signing in…' })).toBeVisible();
    await page.keyboard.press('Enter');
    expect(await gallery.calls()).toEqual(['signIn password']);
  });

  test('removes the password from the document after the sign-in', async ({ page, gallery }) => {
    await gallery.open('password-only');
    await page.getByRole('textbox', { name: 'User name' }).fill('demo');
    await page.getByRole('textbox', { name: 'Password' }).fill('demo-secret');
    await page.keyboard.press('Enter');
    await expect(headline(page)).toHaveText('You are signed in as Demo.');
    const typed = page.locator('session-sign-in input[type=password]');
    expect(await typed.evaluateAll((inputs) => inputs.map((input) => (input as HTMLInputElement).value).join(''))).toBe(
      '',
    );
  });
});

test.describe('the status', () => {
  test('does not show a fault that is over within three seconds', async ({ page, gallery }) => {
    await page.clock.install();
    await gallery.open('active');
    await expect(status(page)).toHaveText('Connected');
    await gallery.show('reconnecting');
    await page.clock.runFor(2000);
    await expect(status(page)).toHaveText('Connected');
    await page.clock.runFor(2000);
    await expect(status(page)).toHaveText('Reconnecting');
    await gallery.show('active');
    await expect(status(page)).toHaveText('Connected');
  });

  test('shows details and a button to try again', async ({ page, gallery }) => {
    await gallery.open('degraded');
    await page.getByRole('button', { name: /^Session:/ }).press('Enter');
    const details = page.locator('session-status [popover]');
    await expect(details).toContainText('The server is having problems (503).');
    await details.getByRole('button', { name: 'Try now' }).click();
    expect(await gallery.calls()).toEqual(['nudge user']);
    await page.keyboard.press('Escape');
    await expect(details).toBeHidden();
  });
});

test.describe('the page', () => {
  test('counts down to the next attempt', async ({ page, gallery }) => {
    await page.clock.install();
    await gallery.open('offline');
    await expect(page.locator('session-summary')).toContainText(/next try in 2\d seconds/);
    await page.clock.runFor(20_000);
    await expect(page.locator('session-summary')).toContainText(/next try in [4-8] seconds/);
  });

  test('shows the time left of the access token', async ({ page, gallery }) => {
    await page.clock.install();
    await gallery.open('active');
    const meter = page.getByRole('meter', { name: 'Access token, time left' });
    const left = () => meter.evaluate((element) => (element as HTMLMeterElement).value);
    const before = await left();
    await page.clock.runFor(10_000);
    expect(before - (await left())).toBeGreaterThanOrEqual(9000);
  });

  test('offers a new version, and warns when the session is not saved', async ({ page, gallery }) => {
    await gallery.open('update');
    await page.getByRole('button', { name: 'Reload' }).click();
    expect(await gallery.calls()).toEqual(['apply']);
    await gallery.show('memory');
    await expect(page.locator('session-notices').getByText('This session is not saved.')).toBeVisible();
  });
});
