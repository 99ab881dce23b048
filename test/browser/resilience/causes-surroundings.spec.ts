import type { BrowserContext, Page } from '@playwright/test';
import { watchDocument } from '../../support/browser/document.ts';
import { expect, test } from '../../support/e2e.ts';
import { connectKeeper, DEMO, expectSession, openKeeper, snapshotOf } from '../../support/page/keeper-page.ts';
import { fetchOnce, MODELS } from '../../support/page/page-fetch.ts';
import { seesSignedIn, signIn, TOKEN_KINDS } from '../../support/page/sign-in.ts';
import { killWorkers } from '../../support/browser/worker-kill.ts';

const DAY_MS = 86_400_000;
/** Cookies of the app. The provider has another port of the same host, and cookies ignore ports. */
const OURS = /^__Host-/;

/** Requests to the provider during `act`: its sign-in page, and frames. */
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

/** The provider's cookies. */
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

test('authorizes requests at the first visit, before a worker controls the page [logout-12]', async ({ page, app }) => {
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

test('keeps the session when the browser drops its session cookies [logout-15]', async ({ page, context, app }) => {
  await signIn(page, app.origin, 'oidc');
  expect((await snapshotOf(page)).tier).toBe('sealed');
  for (const { name, domain, path, expires } of await context.cookies())
    if (expires === -1) await context.clearCookies({ name, domain, path });
  await comeBack(page);
  expect((await snapshotOf(page)).tier).toBe('sealed');
  expect(await fetchOnce(page)).toBe(200);
});

test.describe('the provider’s cookies', () => {
  test('a reload keeps the session when they are blocked or gone [logout-17]', async ({ page, context, app, lab }) => {
    await signIn(page, app.origin, 'oidc');
    await dropProviderCookies(context);
    const requests = await silently(page, app.provider, async () => {
      for (let time = 0; time < 3; time += 1) await comeBack(page);
      await lab.expireTokens();
      expect(await fetchOnce(page)).toBe(200);
    });
    expect(requests).toEqual([]);
  });

  test('a refresh is one request of the worker, without an iframe [logout-18]', async ({ page, app, lab }) => {
    await signIn(page, app.origin, 'oidc');
    const document = await watchDocument(page);
    const requests = await silently(page, app.provider, async () => {
      for (let time = 0; time < 3; time += 1) {
        await lab.expireTokens();
        expect(await fetchOnce(page)).toBe(200);
      }
    });
    expect(requests).toEqual([]);
    await document.expect();
  });

  test('the session stays when they belong to another user [logout-27]', async ({ page, context, app, lab }) => {
    await signIn(page, app.origin, 'oidc');
    const document = await watchDocument(page);
    const others = (await providerCookies(context)).map((cookie) => ({ ...cookie, value: 'another-user' }));
    expect(others.length).toBeGreaterThan(0);
    await context.addCookies(others);
    await lab.expireTokens();
    expect(await fetchOnce(page)).toBe(200);
    await document.expect();
    await comeBack(page);
  });

  test('the session stays when they expired a day ago [logout-32]', async ({ page, context, app, lab }) => {
    await signIn(page, app.origin, 'oidc');
    await dropProviderCookies(context);
    await lab.setClockSkew(DAY_MS);
    expect(await fetchOnce(page)).toBe(200);
    await comeBack(page);
    expect(await fetchOnce(page)).toBe(200);
  });
});

test('keeps the session when local and session storage are cleared [logout-26]', async ({ page, app, lab }) => {
  await signIn(page, app.origin, 'oidc');
  await page.evaluate(() => {
    localStorage.clear();
    sessionStorage.clear();
  });
  await comeBack(page);
  await lab.expireTokens();
  expect(await fetchOnce(page)).toBe(200);
});

/** How many session records the database has. */
const recordsIn = (page: Page): Promise<number> =>
  page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        const opening = indexedDB.open('session-keeper');
        // The check must not create a database where none was written again.
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
  test(`${kind}: writes the databases again when a script deletes them [logout-34]`, async ({ page, app, lab }) => {
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

test('stays signed out when a script deletes the databases after the sign-out', async ({ page, app }) => {
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
