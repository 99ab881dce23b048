import type { Page } from '@playwright/test';
import { expect, FAILED_REQUEST, test } from '../../support/e2e.ts';
import { expectSession, snapshotOf } from '../../support/page/keeper-page.ts';
import { atProvider } from '../../support/page/sign-in.ts';
import { openSite } from '../../support/sites/embedding-site.ts';
import { PROVIDER_SITE_WORKER, startProviderSite, type ProviderSite } from '../../support/providers/provider-site.ts';

let site: ProviderSite;
test.beforeEach(async ({ complaints, page }) => {
  complaints.expect(FAILED_REQUEST);
  site = await startProviderSite();
  await openSite(page, `${site.origin}/`, PROVIDER_SITE_WORKER);
});
test.afterEach(() => site.stop());

/** A mark in the document, which a navigation would remove. */
const markDocument = (page: Page): Promise<unknown> => page.evaluate(() => Object.assign(window, { mark: true }));
const isMarked = (page: Page): Promise<boolean> => page.evaluate(() => 'mark' in window);

test('signs in at the provider in a window of its own, and the page stays [popup-sign-in]', async ({ page }) => {
  await markDocument(page);
  const opening = page.waitForEvent('popup');
  const result = page.evaluate(() => window.keeper.signIn({ kind: 'oidc' }, { popup: true }));
  const popup = await opening;
  await atProvider(popup);
  expect(await result).toEqual({ ok: true, value: { type: 'signed-in' } });
  await expectSession(page, 'active');
  expect(await isMarked(page)).toBe(true);
  expect((await snapshotOf(page)).session).toMatchObject({ kind: 'oidc', user: { sub: 'demo' } });
});

test('says in the page that the provider refused the person [popup-refused]', async ({ page }) => {
  const opening = page.waitForEvent('popup');
  const result = page.evaluate(() =>
    window.keeper.signIn({ kind: 'oidc', authorize: { prompt: 'none' } }, { popup: true }),
  );
  await opening;
  expect(await result).toMatchObject({ ok: false, problem: { code: 'sign-in-refused', error: 'login_required' } });
  await expectSession(page, 'signed-out');
});

test('sends a request again after the sign-in that its API demands [popup-step-up]', async ({ page }) => {
  const opening = page.waitForEvent('popup');
  const signedIn = page.evaluate(() => window.keeper.signIn({ kind: 'oidc' }, { popup: true }));
  await atProvider(await opening);
  await signedIn;
  const tokens: string[] = [];
  const bodies: string[] = [];
  site.serve('/api/strong', (request, response) => {
    const token = request.headers.authorization ?? '';
    tokens.push(token);
    request.on('data', (data: Buffer) => bodies.push(data.toString()));
    request.on('end', () => {
      const isNew = token !== tokens[0];
      const challenge = 'Bearer error="insufficient_user_authentication", max_age="0"';
      response.writeHead(isNew ? 200 : 401, isNew ? {} : { 'www-authenticate': challenge }).end('{}');
    });
  });
  const again = page.waitForEvent('popup');
  const status = page.evaluate(async () => {
    const init = { method: 'POST', body: 'pay', stepUp: 'popup' } as const;
    return (await window.keeper.fetch('/api/strong', init)).status;
  });
  await atProvider(await again);
  expect(await status).toBe(200);
  expect(bodies).toEqual(['pay', 'pay']);
  expect(new Set(tokens).size).toBe(2);
});

test('reports a window that the person closed, when they come back to the page [popup-closed]', async ({ page }) => {
  const opening = page.waitForEvent('popup');
  const result = page.evaluate(() => window.keeper.signIn({ kind: 'oidc' }, { popup: true }));
  const popup = await opening;
  await popup.waitForURL(/\/sign-in\//);
  await popup.close();
  // A browser without a screen has no focus to give back.
  await page.evaluate(() => void window.dispatchEvent(new Event('focus')));
  expect(await result).toEqual({ ok: false, problem: { code: 'cancelled' } });
});
