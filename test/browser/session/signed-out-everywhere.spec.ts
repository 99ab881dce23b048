import type { Page } from '@playwright/test';
import { startApp, type App } from '../../support/server/app.ts';
import { startBareBrowser } from '../../support/browser/bare-browser.ts';
import { connectIn } from '../../support/page/bare-keeper.ts';
import { expect, FAILED_REQUEST, FAILED_SOCKET, test } from '../../support/e2e.ts';
import { startWithProvider } from '../../support/server/other-provider.ts';
import { hardReload } from '../../support/browser/hard-reload.ts';
import { connectKeeper, expectSession, openKeeper, snapshotOf } from '../../support/page/keeper-page.ts';
import { fetchOnce, MODELS } from '../../support/page/page-fetch.ts';
import { createProfile } from '../../support/browser/profile.ts';
import { isActiveAt, openWireTap, tokensOf } from '../../support/page/secrets.ts';
import { INTENTS, signIn, TOKEN_KINDS } from '../../support/page/sign-in.ts';
import { killWorkers } from '../../support/browser/worker-kill.ts';

/** The time that a user takes for "at once". */
const AT_ONCE_MS = 1_000;

declare global {
  interface Window {
    /** When this document first received the end of the session (ms since the Unix epoch). */
    signedOutAt: number | undefined;
  }
}

const recordSignOut = (page: Page): Promise<void> =>
  page.evaluate(() => {
    window.keeper.subscribe(({ session }) => {
      if (session.state === 'signed-out') window.signedOutAt ??= Date.now();
    });
  });

const signOut = async (page: Page): Promise<void> => {
  expect(await page.evaluate(() => window.keeper.signOut())).toEqual({ ok: true, value: null });
};

test.beforeEach(({ complaints }) => complaints.expect(FAILED_REQUEST, FAILED_SOCKET));

test(
  'signs out within a second in a tab after a hard reload and in one that bypasses the worker',
  { tag: '@timed' },
  async ({ page, context, app }) => {
    await signIn(page, app.origin, 'password');
    const [reloaded, passing] = [await context.newPage(), await context.newPage()];
    for (const tab of [reloaded, passing]) await openKeeper(tab, app.origin);
    await hardReload(reloaded);
    await connectKeeper(reloaded);
    const bypass = await context.newCDPSession(passing);
    await bypass.send('Network.enable');
    await bypass.send('Network.setBypassServiceWorker', { bypass: true });
    await passing.reload();
    await connectKeeper(passing);
    for (const tab of [reloaded, passing]) {
      await expectSession(tab, 'active');
      await recordSignOut(tab);
    }
    const begun = await page.evaluate(() => Date.now());
    await signOut(page);
    for (const tab of [reloaded, passing]) {
      await expect.poll(() => tab.evaluate(() => window.signedOutAt)).toBeDefined();
      expect((await tab.evaluate(() => window.signedOutAt ?? Infinity)) - begun).toBeLessThan(AT_ONCE_MS);
      expect((await snapshotOf(tab)).session).toMatchObject({ state: 'signed-out', reason: 'user' });
      expect(await fetchOnce(tab)).toBe(401);
    }
  },
);

const RECORD_SIGN_OUT = `keeper.subscribe(({ session }) => {
  if (session.state === 'signed-out') window.signedOutAt ??= Date.now();
})`;

test(
  'signs out within a second in a hidden tab, and in a frozen one when it resumes',
  { tag: '@timed' },
  async ({ app }) => {
    const browser = await startBareBrowser();
    try {
      await connectIn(browser, app.origin, 'sign in');
      const frozen = await browser.open();
      await connectIn(frozen, app.origin, 'is there');
      const front = await browser.open();
      await connectIn(front, app.origin, 'is there');
      for (const tab of [browser, frozen]) {
        await tab.evaluate(RECORD_SIGN_OUT);
        expect(await tab.evaluate('document.visibilityState')).toBe('hidden');
      }
      await frozen.setLife('frozen');
      const begun = Number(await front.evaluate('Date.now()'));
      expect(await front.evaluate('keeper.signOut()')).toMatchObject({ ok: true });
      await expect.poll(() => browser.evaluate('window.signedOutAt')).toEqual(expect.any(Number));
      expect(Number(await browser.evaluate('window.signedOutAt')) - begun).toBeLessThan(AT_ONCE_MS);
      const thawed = Number(await front.evaluate('Date.now()'));
      await frozen.setLife('active');
      await expect.poll(() => frozen.evaluate('window.signedOutAt')).toEqual(expect.any(Number));
      expect(Number(await frozen.evaluate('window.signedOutAt')) - thawed).toBeLessThan(AT_ONCE_MS);
      for (const tab of [browser, frozen])
        expect(await tab.evaluate(`fetch('${MODELS}').then(({ status }) => status)`)).toBe(401);
    } finally {
      await browser.close();
    }
  },
);

/** Whether the server still accepts this refresh token. */
const isGood = async (app: App, kind: (typeof TOKEN_KINDS)[number], token: string): Promise<boolean> => {
  if (kind === 'oidc') return isActiveAt(app.provider, token);
  const request = { method: 'POST', body: JSON.stringify({ refresh_token: token }) };
  return (await fetch(`${app.origin}/api/v1/auth/refresh`, request)).ok;
};

for (const kind of TOKEN_KINDS) {
  test(`${kind}: revokes the token when the server and the browser are back after a sign-out without both`, async () => {
    const tap = await openWireTap();
    const app = await startApp({ env: tap.env });
    const profile = await createProfile();
    try {
      const before = await profile.start();
      const [page = await before.newPage()] = before.pages();
      await signIn(page, app.origin, kind);
      const token = (await tokensOf(tap, 'refresh_token')).at(-1) ?? '';
      expect(token).not.toBe('');
      await app.shutDown('SIGKILL');
      await signOut(page);
      await killWorkers(page);
      await before.close();
      await app.startAgain();
      // The control: the server knows nothing before the browser is back.
      if (kind === 'oidc') expect(await isActiveAt(app.provider, token)).toBe(true);

      const after = await profile.start();
      const [reopened = await after.newPage()] = after.pages();
      await openKeeper(reopened, app.origin);
      expect((await snapshotOf(reopened)).session).toMatchObject({ state: 'signed-out', reason: 'user' });
      const dies = async (): Promise<boolean> => kind === 'oidc' && (await isActiveAt(app.provider, token));
      await expect.poll(dies, { timeout: 15_000 }).toBe(false);
      await expect.poll(() => revocationsLeft(reopened), { timeout: 15_000 }).toBe(0);
      expect(await isGood(app, kind, token)).toBe(false);
      await after.close();
    } finally {
      await profile.remove();
      await app.stop();
      await tap.remove();
    }
  });
}

/** How many tokens the keeper must still revoke. */
const revocationsLeft = (page: Page): Promise<number> =>
  page.evaluate(
    () =>
      new Promise<number>((resolve, reject) => {
        const opening = indexedDB.open('session-keeper');
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = () => {
          const reading = opening.result.transaction('sealed').objectStore('sealed').getAllKeys();
          reading.onsuccess = () => {
            opening.result.close();
            resolve(reading.result.filter((key) => String(key).startsWith('revoke:')).length);
          };
        };
      }),
  );

test('asks for credentials after a sign-out when the provider cannot revoke tokens', async ({ page }) => {
  const app = await startWithProvider({ accessTokens: 'opaque', dpop: 'off', rotation: true, revocation: false });
  try {
    await signIn(page, app.origin, 'oidc');
    // The control: before a sign-out, the provider requests no password.
    await page.evaluate((intent) => void window.keeper.signIn(intent), INTENTS.oidc);
    await page.getByRole('button', { name: /^Continue/ }).click();
    await page.waitForURL(`${app.origin}/`);
    await connectKeeper(page);
    await expectSession(page, 'active');
    await signOut(page);
    await killWorkers(page);
    await page.reload();
    await connectKeeper(page);
    await page.evaluate((intent) => void window.keeper.signIn(intent), INTENTS.oidc);
    await page.waitForURL(/\/sign-in\//);
    await expect(page.getByLabel('Password')).toBeVisible();
    await expect(page.getByRole('button', { name: /^Continue/ })).toHaveCount(0);
  } finally {
    await app.stop();
  }
});

test('keeps its data when the server sends `Clear-Site-Data` at a sign-out', async ({ page, context, app }) => {
  const cleared = context.waitForEvent('response', (response) => response.url().endsWith('/api/v1/auth/logout'));
  await signIn(page, app.origin, 'password');
  await signOut(page);
  expect(await (await cleared).headerValue('clear-site-data')).toBe('"cache"');
  await killWorkers(page);
  await context.setOffline(true);
  await page.reload();
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  await expect(page.getByRole('paragraph').filter({ hasText: 'You signed out.' })).toBeVisible();
});
