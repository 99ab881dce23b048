import { readFile } from 'node:fs/promises';
import type { BrowserContext, CDPSession, Page } from '@playwright/test';
import { startDeployment } from '../../support/server/deployment.ts';
import { expect, FAILED_REQUEST, FAILED_SOCKET, test } from '../../support/e2e.ts';
import { createProfile } from '../../support/browser/profile.ts';
import { openMenu, signInByHand } from '../../support/page/sign-in.ts';
import { updateToWait } from '../../support/page/update.ts';

/** A profile of its own, because an incognito context cannot install an app. */
const withProfile = async (use: (context: BrowserContext, page: Page) => Promise<void>): Promise<void> => {
  const profile = await createProfile();
  try {
    const context = await profile.start();
    await use(context, context.pages()[0] ?? (await context.newPage()));
    await context.close();
  } finally {
    await profile.remove();
  }
};

const badge = async (cdp: CDPSession, manifestId: string): Promise<number> =>
  (await cdp.send('PWA.getOsAppState', { manifestId })).badgeCount;

test('the browser installs, launches, badges and uninstalls the app', async ({ app, lab }) => {
  await withProfile(async (context, page) => {
    await signInByHand(page, app.origin, 'password');
    const cdp = await context.newCDPSession(page);
    const { installabilityErrors } = await cdp.send('Page.getInstallabilityErrors');
    expect(installabilityErrors).toEqual([]);
    const manifestId = `${app.origin}/`;
    await cdp.send('PWA.install', { manifestId });
    const draft = page.getByRole('textbox', { name: 'Message' });
    await page.getByRole('link', { name: 'Messages' }).click();
    await draft.fill('half a thought');
    const { targetId } = await cdp.send('PWA.launch', { manifestId });
    expect(targetId).toBeTruthy();
    await expect(draft).toHaveValue('half a thought');
    await expect.poll(() => badge(cdp, manifestId)).toBe(0);

    await test.step('a session that the server ended adds one to the badge', async () => {
      await lab.revokeSessions();
      await lab.expireTokens();
      await page.evaluate(() => fetch('/api/v1/llm/models'));
      await expect(page.getByRole('dialog', { name: 'Sign in again' })).toBeVisible();
      await expect.poll(() => badge(cdp, manifestId)).toBe(1);
    });
    await cdp.send('PWA.uninstall', { manifestId });
    await expect(cdp.send('PWA.getOsAppState', { manifestId })).rejects.toThrow();
  });
});

test('the manifest has no errors, and its pictures have the sizes that it names', async ({ page, app }) => {
  await page.goto(app.origin);
  const cdp = await page.context().newCDPSession(page);
  const { errors, manifest } = await cdp.send('Page.getAppManifest');
  expect(errors).toEqual([]);
  expect(manifest).toMatchObject({ id: `${app.origin}/`, display: 'kStandalone' });
  const text = JSON.parse(await readFile('public/manifest.webmanifest', 'utf8')) as {
    screenshots: { src: string; sizes: string; form_factor: string }[];
    icons: { src: string; sizes: string; purpose: string }[];
  };
  expect(new Set(text.screenshots.map(({ form_factor }) => form_factor))).toEqual(new Set(['wide', 'narrow']));
  expect(new Set(text.icons.map(({ purpose }) => purpose))).toEqual(new Set(['any', 'maskable', 'monochrome']));
  for (const { src, sizes } of [...text.screenshots, ...text.icons]) {
    const size = await page.evaluate(async (url) => {
      const picture = await createImageBitmap(await (await fetch(url)).blob());
      return `${picture.width}x${picture.height}`;
    }, src);
    expect(size, src).toBe(sizes);
  }
});

test('shows the install button only while the browser offers to install', async ({ page, app }) => {
  await page.goto(app.origin);
  const button = page.getByRole('button', { name: 'Install app' });
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  await openMenu(page);
  await expect(button).toHaveCount(0);
  await page.keyboard.press('Escape');
  const prompted = page.evaluate(
    () =>
      new Promise((resolve) => {
        const offer = Object.assign(new Event('beforeinstallprompt', { cancelable: true }), {
          prompt: () => {
            resolve(offer.defaultPrevented);
            return Promise.resolve({ outcome: 'accepted' });
          },
        });
        dispatchEvent(offer);
      }),
  );
  await openMenu(page);
  await button.click();
  expect(await prompted).toBe(true);
  await expect(button).toHaveCount(0);
});

test('every page of the app opens offline, signed out and signed in', async ({ page, app, context, complaints }) => {
  complaints.expect(FAILED_REQUEST, FAILED_SOCKET);
  await page.goto(app.origin);
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  await context.setOffline(true);
  await page.reload();
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  await expect(page.getByText('You need to be online to sign in.')).toBeVisible();
  await context.setOffline(false);
  await signInByHand(page, app.origin, 'password');
  await context.setOffline(true);
  for (const [hash, heading] of [
    ['#messages', 'Messages'],
    ['#timeline', 'Timeline'],
    ['#tryIt', 'Try it'],
  ] as const) {
    await page.goto('about:blank');
    await page.goto(`${app.origin}/${hash}`);
    await expect(page.getByRole('heading', { name: heading, level: 1 })).toBeVisible();
  }
});

test('a reload to a new version also reloads the hidden tabs without typed text', async ({
  context,
  page,
  afterwards,
}) => {
  const site = await startDeployment();
  afterwards(site.stop);
  await signInByHand(page, site.origin, 'password');
  const typing = await context.newPage();
  await typing.goto(`${site.origin}/#messages`);
  await typing.getByRole('textbox', { name: 'Message' }).fill('half a thought');
  const idle = await context.newPage();
  await idle.goto(site.origin);
  await expect(idle.getByRole('heading', { name: /^You are signed in/ })).toBeVisible();
  await updateToWait(page, () => site.deploy());
  for (const tab of [page, typing, idle])
    await expect(tab.locator('session-notices')).toContainText('A new version is ready.');
  // Playwright reports every tab as visible
  for (const tab of [typing, idle])
    await tab.evaluate(() => Object.defineProperty(document, 'hidden', { configurable: true, get: () => true }));
  const reloaded = [page, idle].map((tab) => tab.waitForEvent('load'));
  await page.getByRole('button', { name: 'Reload' }).click();
  await Promise.all(reloaded);
  await expect(idle.getByRole('heading', { name: /^You are signed in/ })).toBeVisible();
  await expect(typing.getByRole('textbox', { name: 'Message' })).toHaveValue('half a thought');
  await expect(typing.locator('session-notices')).toContainText('A new version is ready.');
});
