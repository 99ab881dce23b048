import type { Page } from '@playwright/test';
import type { Keeper, NativeStore } from '../../../src/page/types/types.ts';
import { expect, test } from '../../support/e2e.ts';
import { DEMO, expectSession, signInBy } from '../../support/page/keeper-page.ts';
import type { FaultClient } from '../../support/server/fault-client.ts';
import { fetchOnce } from '../../support/page/page-fetch.ts';
import { killWorkers } from '../../support/browser/worker-kill.ts';

/** Behaviours of a native bridge. `lies`: it returns another record than the one that it stored. */
const BRIDGES = [
  'undefined',
  'null',
  'empty',
  'throws',
  'rejects',
  'never answers',
  'lies',
  'another session',
] as const;
type Bridge = (typeof BRIDGES)[number] | 'works';

/** Where the working bridge, and the one with a record of another session, store it. Like a keychain it survives reloads. */
const KEYCHAIN = 'test-keychain';

/** Connects as a desktop app with such a keychain. */
const connectOver = (page: Page, bridge: Bridge): Promise<void> =>
  page.evaluate(
    async ([kind, keychain]) => {
      const storeOf = (): NativeStore => {
        const always = (answer: () => Promise<unknown>): NativeStore => ({ save: answer, load: answer, clear: answer });
        const load = (): Promise<unknown> => Promise.resolve(localStorage.getItem(keychain));
        switch (kind) {
          case 'undefined':
            return always(() => Promise.resolve(undefined));
          case 'null':
            return always(() => Promise.resolve(null));
          case 'empty':
            return always(() => Promise.resolve(''));
          case 'throws':
            return always(() => {
              throw new Error('command not registered');
            });
          case 'rejects':
            return always(() => Promise.reject(new Error('command not registered')));
          case 'never answers':
            return always(() => new Promise(() => undefined));
          case 'lies':
            return always(() => Promise.resolve('{"refresh_token":"of another user"}'));
          case 'another session':
            return { save: () => Promise.resolve(undefined), load, clear: () => Promise.resolve(undefined) };
          case 'works':
            return {
              save: (record) => Promise.resolve(localStorage.setItem(keychain, record)),
              load,
              clear: () => Promise.resolve(localStorage.removeItem(keychain)),
            };
        }
      };
      const library = '/keeper.js';
      const { connect } = (await import(library)) as typeof import('../../../src/page/index.ts');
      window.keeper = await connect({ worker: '/sw.js', nativeStore: storeOf() });
    },
    [bridge, KEYCHAIN] as const,
  );

const nativeOf = (page: Page): Promise<Keeper['native']> => page.evaluate(() => window.keeper.native);

const open = async (page: Page, origin: string, bridge: Bridge): Promise<void> => {
  await page.goto(origin);
  await connectOver(page, bridge);
};

/** Waits until the backend has logged another `whoami`. */
const isProved = async (lab: FaultClient): Promise<void> => {
  const proofs = async (): Promise<number> =>
    (await lab.log()).filter(({ path, status }) => path === '/api/v1/auth/whoami' && status === 200).length;
  await expect.poll(proofs).toBeGreaterThan(0);
};

test.describe('keeps the session in a desktop app with a native bridge', () => {
  for (const bridge of BRIDGES) {
    test(`that ${/^(throws|rejects|never|lies)/.test(bridge) ? bridge : `returns ${bridge}`}`, async ({
      page,
      app,
      lab,
    }) => {
      if (bridge === 'another session') {
        await open(page, app.origin, 'works');
        await signInBy(page, DEMO);
        await expect.poll(() => page.evaluate((key) => localStorage.getItem(key), KEYCHAIN)).toBeTruthy();
        const record = await page.evaluate((key) => localStorage.getItem(key), KEYCHAIN);
        expect(await page.evaluate(() => window.keeper.signOut())).toMatchObject({ ok: true });
        await page.reload();
        await page.evaluate(([key, value]) => localStorage.setItem(key, value), [KEYCHAIN, record ?? ''] as const);
      }
      await open(page, app.origin, bridge);
      await signInBy(page, DEMO);
      for (let reload = 1; reload <= 2; reload += 1) {
        await lab.clearLog();
        await page.reload();
        await connectOver(page, bridge);
        await expectSession(page, 'active');
        await isProved(lab);
        expect(await fetchOnce(page)).toBe(200);
        await expect(page.getByRole('heading', { name: 'You are signed in as Demo User.' })).toBeVisible();
      }
      await lab.expireTokens();
      expect(await fetchOnce(page), 'the refresh token is that of this session').toBe(200);
      if (bridge !== 'never answers') await expect.poll(() => nativeOf(page)).toBe('failed');
    });
  }

  test('that works, and restores the session when the browser has lost its own copy [keychain-restores]', async ({
    page,
    app,
    lab,
  }) => {
    await open(page, app.origin, 'works');
    await signInBy(page, DEMO);
    await expect.poll(() => page.evaluate((key) => localStorage.getItem(key), KEYCHAIN)).toBeTruthy();
    expect(await nativeOf(page)).toBe('working');
    // No page is open meanwhile: a request of its own would reach a worker that has no session yet, and get a 401.
    await page.goto('about:blank');
    // Cleared as the browser does it: the worker writes a database again that a script deleted.
    const browser = await page.context().newCDPSession(page);
    await browser.send('Storage.clearDataForOrigin', { origin: app.origin, storageTypes: 'indexeddb' });
    await killWorkers(page);
    await lab.clearLog();
    await page.goto(app.origin);
    await connectOver(page, 'works');
    await expectSession(page, 'active');
    await isProved(lab);
    await lab.expireTokens();
    expect(await fetchOnce(page)).toBe(200);
  });
});
