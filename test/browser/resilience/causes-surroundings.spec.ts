import type { BrowserContext, Page } from '@playwright/test';
import { watchDocument } from '../../support/browser/document.ts';
import { expect, test } from '../../support/e2e.ts';
import { connectKeeper, DEMO, expectSession, openKeeper, snapshotOf } from '../../support/page/keeper-page.ts';
import { fetchOnce, MODELS } from '../../support/page/page-fetch.ts';
import { seesSignedIn, signIn, TOKEN_KINDS } from '../../support/page/sign-in.ts';
import { killWorkers } from '../../support/browser/worker-kill.ts';

const DAY_MS = 86_400_000;
/** What the app itself sets; the provider is on another port of the same host, and browsers do not tell ports apart. */
const OURS = /^__Host-/;

/** What the browser asked of the provider while `act` ran: its sign-in page, and frames. */
const silently = async (page: Page, provider: string, act: () => Promise<void>): Promise<readonly string[]> => {
  const seen: string[] = [];
  page.on('frameattached', (frame) => seen.push(`frame ${frame.url()}`));
  page.context().on('request', (request) => {
    const { origin, pathname } = new URL(request.url());
    if (origin === provider && !/token|well-known/.test(pathname)) seen.push(pathname);
  });
  await act();
  return seen;
};

/** The cookies that the provider has set. */
const providerCookies = async (context: BrowserContext) =>
  (await context.cookies()).filter(({ name }) => !OURS.test(name));

const dropProviderCookies = async (context: BrowserContext): Promise<void> => {
  const cookies = await providerCookies(context);
  expect(cookies.length, 'the provider had cookies').toBeGreaterThan(0);
  for (const { name, domain, path } of cookies) await context.clearCookies({ name, domain, path });
};

const comeBack = async (page: Page): Promise<void> => {
  await killWorkers(page);
  await page.reload();
  await seesSignedIn(page);
  await connectKeeper(page);
  await expectSession(page, 'active');
};

test('the very first visit signs in and asks before any worker controls the page [logout-12]', async ({
  page,
  app,
}) => {
  await page.goto(app.origin);
  const status = await page.evaluate(
    async ([demo, url]) => {
      const library = '/keeper.js';
      const { connect } = (await import(library)) as typeof import('../../../src/page/index.ts');
      const keeper = await connect({ worker: '/sw.js' });
      const signedIn = await keeper.signIn(demo);
      return signedIn.ok ? (await keeper.fetch(url)).status : signedIn.problem;
    },
    [DEMO, MODELS] as const,
  );
  expect(status).toBe(200);
  await seesSignedIn(page);
});

test('what opens the store outlives the browser’s session cookies [logout-15]', async ({ page, context, app }) => {
  await signIn(page, app.origin, 'oidc');
  expect((await snapshotOf(page)).tier).toBe('sealed');
  for (const { name, domain, path, expires } of await context.cookies())
    if (expires === -1) await context.clearCookies({ name, domain, path });
  await comeBack(page);
  expect((await snapshotOf(page)).tier).toBe('sealed');
  expect(await fetchOnce(page)).toBe(200);
});

test.describe('the provider’s cookies', () => {
  test('blocked or gone: a reload is not a sign-out [logout-17]', async ({ page, context, app, lab }) => {
    await signIn(page, app.origin, 'oidc');
    await dropProviderCookies(context);
    const asked = await silently(page, app.provider, async () => {
      for (let time = 0; time < 3; time += 1) await comeBack(page);
      await lab.expireTokens();
      expect(await fetchOnce(page)).toBe(200);
    });
    expect(asked).toEqual([]);
  });

  test('no silent iframe: a refresh is one request of the worker [logout-18]', async ({ page, app, lab }) => {
    await signIn(page, app.origin, 'oidc');
    const document = await watchDocument(page);
    const asked = await silently(page, app.provider, async () => {
      for (let time = 0; time < 3; time += 1) {
        await lab.expireTokens();
        expect(await fetchOnce(page)).toBe(200);
      }
    });
    expect(asked).toEqual([]);
    await document.expect();
  });

  test('of somebody else: nobody watches the provider’s session [logout-27]', async ({ page, context, app, lab }) => {
    await signIn(page, app.origin, 'oidc');
    const document = await watchDocument(page);
    const others = (await providerCookies(context)).map((cookie) => ({ ...cookie, value: 'somebody-else' }));
    expect(others.length).toBeGreaterThan(0);
    await context.addCookies(others);
    await lab.expireTokens();
    expect(await fetchOnce(page)).toBe(200);
    await document.expect();
    await comeBack(page);
  });

  test('over for a day: there is no silent window to miss [logout-32]', async ({ page, context, app, lab }) => {
    await signIn(page, app.origin, 'oidc');
    await dropProviderCookies(context);
    await lab.setClockSkew(DAY_MS);
    expect(await fetchOnce(page)).toBe(200);
    await comeBack(page);
    expect(await fetchOnce(page)).toBe(200);
  });
});

test('local and session storage are emptied [logout-26]', async ({ page, app, lab }) => {
  await signIn(page, app.origin, 'oidc');
  await page.evaluate(() => {
    localStorage.clear();
    sessionStorage.clear();
  });
  await comeBack(page);
  await lab.expireTokens();
  expect(await fetchOnce(page)).toBe(200);
});

/** How many records of a session the database has. */
const recordsIn = (page: Page): Promise<number> =>
  page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        const opening = indexedDB.open('session-keeper');
        // Where nobody has written it again there is no database: looking must not make one.
        opening.onupgradeneeded = () => opening.transaction?.abort();
        opening.onerror = () => resolve(0);
        opening.onsuccess = () => {
          const counting = opening.result.transaction('session').objectStore('session').count();
          counting.onsuccess = () => {
            opening.result.close();
            resolve(counting.result);
          };
        };
      }),
  );

for (const kind of TOKEN_KINDS) {
  test(`${kind}: the databases are deleted under the running worker; it writes them again [logout-34]`, async ({
    page,
    app,
    lab,
  }) => {
    await signIn(page, app.origin, kind);
    const document = await watchDocument(page);
    await page.evaluate(async () => {
      for (const { name = '' } of await indexedDB.databases())
        await new Promise((resolve) => {
          const request = indexedDB.deleteDatabase(name);
          request.onsuccess = request.onerror = resolve;
        });
    });
    await expect.poll(() => recordsIn(page)).toBe(1);
    await document.expect();
    await comeBack(page);
    await lab.expireTokens();
    expect(await fetchOnce(page)).toBe(200);
  });
}

test('a sign-out stays one when the databases are deleted after it', async ({ page, app }) => {
  await signIn(page, app.origin, 'password');
  expect(await page.evaluate(() => window.keeper.signOut())).toMatchObject({ ok: true });
  await page.evaluate(
    () =>
      new Promise((resolve) => {
        const request = indexedDB.deleteDatabase('session-keeper');
        request.onsuccess = request.onerror = resolve;
      }),
  );
  await killWorkers(page);
  await openKeeper(page, app.origin);
  await expectSession(page, 'signed-out');
});
