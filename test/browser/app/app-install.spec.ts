import { readFile } from 'node:fs/promises';
import type { BrowserContext, CDPSession, Page } from '@playwright/test';
import { startDeployment } from '../../support/server/deployment.ts';
import { expect, FAILED_REQUEST, FAILED_SOCKET, test } from '../../support/e2e.ts';
import { createProfile } from '../../support/browser/profile.ts';
import { signInByHand } from '../../support/page/sign-in.ts';

/** A profile of its own: in a throwaway context nothing can be installed. */
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

test('the app is installed, launched, badged and uninstalled by the browser itself', async ({ app, lab }) => {
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

    await test.step('a session that the server ended needs somebody', async () => {
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

test('the manifest is read as it was meant, and its pictures have the sizes that it names', async ({ page, app }) => {
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

test('there is a button to install only while the browser offers it', async ({ page, app }) => {
  await page.goto(app.origin);
  const button = page.getByRole('button', { name: 'Install app' });
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  await expect(button).toHaveCount(0);
  const asked = page.evaluate(
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
  await button.click();
  expect(await asked).toBe(true);
  await expect(button).toHaveCount(0);
});

test('offline, every page of the app opens, also for somebody who is signed out', async ({
  page,
  app,
  context,
  complaints,
}) => {
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

test('one reload brings the new version to all tabs that nobody works in', async ({ context, page }) => {
  const site = await startDeployment();
  try {
    await signInByHand(page, site.origin, 'password');
    const typing = await context.newPage();
    await typing.goto(`${site.origin}/#messages`);
    await typing.getByRole('textbox', { name: 'Message' }).fill('half a thought');
    const resting = await context.newPage();
    await resting.goto(site.origin);
    await expect(resting.getByRole('heading', { name: /^You are signed in/ })).toBeVisible();
    await site.deploy();
    await page.evaluate(async () => (await navigator.serviceWorker.ready).update());
    for (const tab of [page, typing, resting])
      await expect(tab.locator('session-notices')).toContainText('A new version is ready.');
    // a driven browser says of every tab that it is in view
    for (const tab of [typing, resting])
      await tab.evaluate(() => Object.defineProperty(document, 'hidden', { configurable: true, get: () => true }));
    const reloaded = [page, resting].map((tab) => tab.waitForEvent('load'));
    await page.getByRole('button', { name: 'Reload' }).click();
    await Promise.all(reloaded);
    await expect(resting.getByRole('heading', { name: /^You are signed in/ })).toBeVisible();
    await expect(typing.getByRole('textbox', { name: 'Message' })).toHaveValue('half a thought');
    await expect(typing.locator('session-notices')).toContainText('A new version is ready.');
  } finally {
    await site.stop();
  }
});
