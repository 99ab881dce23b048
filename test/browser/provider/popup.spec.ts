import type { Page } from '@playwright/test';
import { expect, FAILED_REQUEST, test } from '../../support/e2e.ts';
import { killWorkers } from '../../support/browser/worker-kill.ts';
import { expectSession, snapshotOf } from '../../support/page/keeper-page.ts';
import { atProvider } from '../../support/page/sign-in.ts';
import { connectSite, openSite, PLAIN_PAGE, startEmbeddingSite } from '../../support/sites/embedding-site.ts';
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

/** An API that wants a newer sign-in for its requests than that of the first token it sees. */
const serveStrongApi = () => {
  const seen = { tokens: [] as string[], bodies: [] as string[] };
  site.serve('/api/strong', (request, response) => {
    const token = request.headers.authorization ?? '';
    seen.tokens.push(token);
    const parts: Buffer[] = [];
    request.on('data', (data: Buffer) => parts.push(data));
    request.on('end', () => {
      seen.bodies.push(Buffer.concat(parts).toString());
      const isNew = token !== seen.tokens[0];
      const challenge = 'Bearer error="insufficient_user_authentication", max_age="0"';
      response.writeHead(isNew ? 200 : 401, isNew ? {} : { 'www-authenticate': challenge }).end('{"paid":true}');
    });
  });
  return seen;
};

const signInByPopup = async (page: Page): Promise<void> => {
  const opening = page.waitForEvent('popup');
  const signedIn = page.evaluate(() => window.keeper.signIn({ kind: 'oidc' }, { popup: true }));
  await atProvider(await opening);
  await signedIn;
};

test('sends a request again after the sign-in that its API demands [popup-step-up]', async ({ page }) => {
  await signInByPopup(page);
  const seen = serveStrongApi();
  const again = page.waitForEvent('popup');
  const status = page.evaluate(async () => {
    const init = { method: 'POST', body: 'pay', stepUp: 'popup' } as const;
    return (await window.keeper.fetch('/api/strong', init)).status;
  });
  await atProvider(await again);
  expect(await status).toBe(200);
  expect(seen.bodies).toEqual(['pay', 'pay']);
  expect(new Set(seen.tokens).size).toBe(2);
});

const payAndLeave = (page: Page): Promise<void> =>
  page.evaluate(() => {
    const body = new FormData();
    body.append('file', new Blob(['pay']), 'order.txt');
    void window.keeper.fetch('/api/strong?a=1', { method: 'POST', body, stepUp: 'redirect' });
  });

/** What the page learns of its request after the way back, as text. */
const resentIn = (page: Page): Promise<unknown> =>
  page.evaluate(async () => {
    const results = [];
    for (const { method, url, result } of await window.keeper.resent())
      results.push([method, url, result.ok ? await result.value.text() : result.problem.code]);
    return results;
  });

test('sends a request again after the way back from the provider, once [redirect-step-up]', async ({ page }) => {
  await signInByPopup(page);
  const seen = serveStrongApi();
  await payAndLeave(page);
  await page.waitForURL(/\/sign-in\//);
  // The browser stops the worker while no page needs it.
  await killWorkers(page);
  await atProvider(page);
  await page.waitForURL(`${site.origin}/`);
  await connectSite(page, PROVIDER_SITE_WORKER);
  expect(await resentIn(page)).toEqual([['POST', `${site.origin}/api/strong?a=1`, '{"paid":true}']]);
  const [first, second] = seen.bodies;
  expect(second).toBe(first);
  expect(first).toContain('filename="order.txt"');
  expect(new Set(seen.tokens).size).toBe(2);

  await openSite(page, `${site.origin}/`, PROVIDER_SITE_WORKER);
  expect(await resentIn(page)).toEqual([]);
  expect(seen.bodies).toHaveLength(2);
});

test('sends nothing when the person comes back without a sign-in [redirect-step-up-back]', async ({ page }) => {
  await signInByPopup(page);
  const seen = serveStrongApi();
  await payAndLeave(page);
  await page.waitForURL(/\/sign-in\//);
  await openSite(page, `${site.origin}/`, PROVIDER_SITE_WORKER);
  expect(await resentIn(page)).toEqual([['POST', `${site.origin}/api/strong?a=1`, 'cancelled']]);
  expect(seen.bodies).toHaveLength(1);
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

test('signs in in another browser, whose redirect a native shell hands over [native-sign-in]', async ({
  page,
  browser,
  afterwards,
}) => {
  // RFC 8252 §7.3: a native app takes the redirect at a port of the loopback interface.
  const shell = await startEmbeddingSite();
  afterwards(() => shell.stop());
  shell.serve('/auth/callback', PLAIN_PAGE);
  const native = await startProviderSite([], shell.origin);
  afterwards(() => native.stop());
  await openSite(page, `${native.origin}/`, PROVIDER_SITE_WORKER);
  const address = page.evaluate(
    () => new Promise<string>((resolve) => void window.keeper.signIn({ kind: 'oidc' }, { open: resolve })),
  );
  const systemBrowser = await browser.newContext();
  afterwards(() => systemBrowser.close());
  const system = await systemBrowser.newPage();
  await system.goto(await address);
  await atProvider(system);
  await system.waitForURL(`${shell.origin}/auth/callback?**`);
  const { search } = new URL(system.url());
  await expectSession(page, 'signed-out');
  await page.goto(`${native.origin}/auth/callback${search}`);
  await page.waitForURL(`${native.origin}/`);
  await connectSite(page, PROVIDER_SITE_WORKER);
  await expectSession(page, 'active');
  expect((await snapshotOf(page)).session).toMatchObject({ kind: 'oidc', user: { sub: 'demo' } });
});
