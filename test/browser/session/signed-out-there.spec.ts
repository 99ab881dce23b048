import type { Page } from '@playwright/test';
import { DEFAULT_CLIENT_ID } from '../../../server/worker/keeper-config.ts';
import { END_SESSION_PATH } from '../../../src/protocol/bridge/bridge-constants.ts';
import type { App } from '../../support/server/app.ts';
import { documentOf } from '../../support/browser/document.ts';
import { expect, FAILED_REQUEST, FAILED_SOCKET, test } from '../../support/e2e.ts';
import { startWithProvider, type ProviderTraits } from '../../support/server/other-provider.ts';
import { connectKeeper, expectSession, openKeeper, snapshotOf } from '../../support/page/keeper-page.ts';
import { signIn } from '../../support/page/sign-in.ts';
import { killWorkers } from '../../support/browser/worker-kill.ts';

/** A provider whose own session only its log-out ends. */
const PROVIDER: ProviderTraits = { accessTokens: 'opaque', dpop: 'off', rotation: true, revocation: false };
const ID_TOKEN = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** Starts a sign-in as another app of the same provider does, without `prompt`. */
const signInAsAnotherApp = (page: Page, app: App): Promise<unknown> => {
  const query = new URLSearchParams({
    client_id: DEFAULT_CLIENT_ID,
    redirect_uri: `${app.origin}/auth/callback`,
    response_type: 'code',
    scope: 'openid',
    state: 'of-another-app',
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
  });
  return page.goto(`${app.provider}/auth?${query}`);
};

const goesOnWithoutPassword = async (page: Page, app: App): Promise<boolean> => {
  await signInAsAnotherApp(page, app);
  return (await page.getByLabel('Password').count()) === 0;
};

const withApp = async (env: Record<string, string>, use: (app: App) => Promise<void>): Promise<void> => {
  const app = await startWithProvider(PROVIDER, env);
  try {
    await use(app);
  } finally {
    await app.stop();
  }
};

/** Records the result that the page got, in a place that survives the page. */
const signOut = (page: Page): Promise<void> =>
  page.evaluate(async () => {
    sessionStorage.setItem('next', JSON.stringify(await window.keeper.signOut()));
  });

test.beforeEach(({ complaints }) => complaints.expect(FAILED_REQUEST, FAILED_SOCKET));

const nextOf = async (page: Page): Promise<unknown> =>
  JSON.parse((await page.evaluate(() => sessionStorage.getItem('next'))) ?? '""');

test('signs out at the provider too, and shows no ID token to a page [sign-out-at-provider]', async ({
  page,
  context,
}) => {
  await withApp({ OIDC_LOGOUT: 'provider' }, async (app) => {
    const ends: URL[] = [];
    context.on('request', (request) => {
      if (request.url().startsWith(`${app.provider}/session/end?`)) ends.push(new URL(request.url()));
    });
    await signIn(page, app.origin, 'oidc');
    const other = await context.newPage();
    // The control: before a sign-out, the provider requests no password.
    expect(await goesOnWithoutPassword(other, app)).toBe(true);
    await openKeeper(other, app.origin);
    const document = await documentOf(other);
    void signOut(page).catch(() => undefined);
    await page.locator('button[value=yes]').click();
    await page.waitForURL(`${app.origin}/`);
    await connectKeeper(page);
    expect((await snapshotOf(page)).session).toMatchObject({ state: 'signed-out', reason: 'user' });
    expect(await documentOf(other)).toBe(document);
    expect(await nextOf(page)).toEqual({
      ok: true,
      value: { type: 'redirect', url: `${app.origin}/${END_SESSION_PATH}` },
    });
    expect(ends.map(({ searchParams }) => searchParams.get('id_token_hint'))).toEqual([
      expect.stringMatching(ID_TOKEN),
    ]);
    expect(await goesOnWithoutPassword(other, app)).toBe(false);
    // The redirect to the provider happens once only.
    await page.goto(`${app.origin}/${END_SESSION_PATH}`);
    expect(page.url()).toBe(`${app.origin}/`);
    expect(ends).toHaveLength(1);
  });
});

test('keeps the log-out URL when the worker dies, and redirects no fetch of a page to it', async ({ page }) => {
  await withApp({ OIDC_LOGOUT: 'provider' }, async (app) => {
    await signIn(page, app.origin, 'oidc');
    // The page stays, as one whose code calls the worker and navigates later.
    await page.evaluate(() => {
      navigation.addEventListener('navigate', (event) => event.preventDefault());
    });
    await signOut(page);
    await expectSession(page, 'signed-out');
    await killWorkers(page);
    const read = (url: string): Promise<string> =>
      page.evaluate(async (at) => {
        const response = await fetch(at, { redirect: 'manual' }).catch(() => undefined);
        return `${response?.type} ${response?.url} ${await response?.text()}`;
      }, url);
    expect(await read(`/${END_SESSION_PATH}`)).not.toContain('id_token_hint');
    expect(await read(`/${END_SESSION_PATH}`)).toMatch(/^basic /);
    await page.goto(`${app.origin}/${END_SESSION_PATH}`);
    await page.locator('button[value=yes]').click();
    await page.waitForURL(`${app.origin}/`);
    expect(await goesOnWithoutPassword(page, app)).toBe(false);
  });
});

for (const [why, env, leave] of [
  ['without a network', { OIDC_LOGOUT: 'provider' }, true],
  ['without the option', {}, false],
] as const) {
  test(`${why} a sign-out needs no redirect`, async ({ page, context }) => {
    await withApp(env, async (app) => {
      await signIn(page, app.origin, 'oidc');
      const document = await documentOf(page);
      await context.setOffline(leave);
      await signOut(page);
      expect(await nextOf(page)).toEqual({ ok: true, value: null });
      await expectSession(page, 'signed-out');
      expect(await documentOf(page)).toBe(document);
      await context.setOffline(false);
      expect(await goesOnWithoutPassword(page, app)).toBe(true);
    });
  });
}
