import type { CDPSession, Page } from '@playwright/test';
import { expectSocket } from '../../support/page/channels.ts';
import { expect, test } from '../../support/e2e.ts';
import { connectKeeper, DEMO, expectSession, signInBy, snapshotOf } from '../../support/page/keeper-page.ts';
import type { FaultClient } from '../../support/server/fault-client.ts';
import { fetchOnce } from '../../support/page/page-fetch.ts';
import { seesSignedIn, signIn } from '../../support/page/sign-in.ts';
import { killWorkers } from '../../support/browser/worker-kill.ts';

const SESSION_DATABASE = 'session-keeper';
const OUTBOX_DATABASE = 'session-keeper-socket';

/** Damage to the session's record by page script, another program or a failing disk. */
const DAMAGES = ['flipped', 'cut', 'replaced', 'another generation'] as const;
type Damage = (typeof DAMAGES)[number];

const damage = (page: Page, kind: Damage): Promise<void> =>
  page.evaluate(
    ([name, how]) =>
      new Promise<void>((resolve, reject) => {
        const opening = indexedDB.open(name);
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = () => {
          const transaction = opening.result.transaction('session', 'readwrite');
          const store = transaction.objectStore('session');
          const reading = store.get('current');
          reading.onsuccess = () => {
            const row = reading.result as { generation: number; sealed: { data: ArrayBuffer } };
            const bytes = new Uint8Array(row.sealed.data);
            if (how === 'flipped') bytes.set([(bytes[0] ?? 0) ^ 1]);
            if (how === 'cut') row.sealed.data = row.sealed.data.slice(0, 5);
            if (how === 'another generation') row.generation += 1;
            store.put(how === 'replaced' ? { hello: 'world' } : row, 'current');
          };
          transaction.oncomplete = () => {
            opening.result.close();
            resolve();
          };
          transaction.onerror = () => reject(transaction.error);
        };
      }),
    [SESSION_DATABASE, kind] as const,
  );

/** Upgrades the database, as a newer version of Session Keeper does. */
const makeNewer = (page: Page, name: string): Promise<void> =>
  page.evaluate(
    (database) =>
      new Promise<void>((resolve, reject) => {
        const opening = indexedDB.open(database, 99);
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = () => {
          opening.result.close();
          resolve();
        };
      }),
    name,
  );

const keysOf = (page: Page): Promise<IDBValidKey[]> =>
  page.evaluate(
    (name) =>
      new Promise<IDBValidKey[]>((resolve, reject) => {
        const opening = indexedDB.open(name);
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = () => {
          const reading = opening.result.transaction('session').objectStore('session').getAllKeys();
          reading.onsuccess = () => {
            opening.result.close();
            resolve(reading.result);
          };
        };
      }),
    SESSION_DATABASE,
  );

/** Starts a new worker and a new page, as after a crash of the browser. */
const comeBack = async (page: Page): Promise<void> => {
  await killWorkers(page);
  await page.reload();
  await connectKeeper(page);
};

const CALLS = 20;

/** Expects no loop: the worker sends few requests of its own while a page makes 20 calls. */
const expectCalm = async (page: Page, lab: FaultClient): Promise<void> => {
  await lab.clearLog();
  const before = await lab.stats();
  await page.evaluate(async (calls) => {
    for (let call = 0; call < calls; call += 1) await window.keeper.fetch('/api/auth/status');
  }, CALLS);
  expect((await lab.log()).length).toBeLessThan(CALLS + 10);
  expect((await lab.stats()).tokenRequests - before.tokenRequests).toBeLessThan(5);
};

test.describe('a corrupt record', () => {
  for (const kind of DAMAGES) {
    test(`is moved aside, shows a Problem and does not block the next sign-in: ${kind} [record-set-aside]`, async ({
      page,
      app,
      lab,
    }) => {
      await signIn(page, app.origin, 'password');
      await damage(page, kind);
      await comeBack(page);
      await expectSession(page, 'signed-out');
      expect((await snapshotOf(page)).session).toMatchObject({
        reason: 'never',
        problem: { code: 'store-unreadable' },
      });
      await expect(page.getByRole('region', { name: 'Sign in' })).toContainText('It was set aside, not deleted.');
      await expectCalm(page, lab);
      expect(await keysOf(page)).toEqual(['aside']);
      await signInBy(page, DEMO);
      await comeBack(page);
      await expectSession(page, 'active');
      expect((await snapshotOf(page)).durability).toBe('disk');
      expect(await fetchOnce(page)).toBe(200);
    });
  }

  test('does not end the session of a running worker, and the next save replaces it [record-damaged]', async ({
    page,
    app,
    lab,
  }) => {
    await signIn(page, app.origin, 'password');
    await damage(page, 'flipped');
    await lab.expireTokens();
    expect(await fetchOnce(page)).toBe(200);
    await expectSession(page, 'active');
    await comeBack(page);
    await expectSession(page, 'active');
    expect(await fetchOnce(page)).toBe(200);
  });
});

test.describe('a database of a newer version', () => {
  test('keeps the session in memory and reports it when the worker is running [newer-database-running]', async ({
    page,
    app,
    lab,
  }) => {
    await signIn(page, app.origin, 'password');
    await makeNewer(page, SESSION_DATABASE);
    await lab.expireTokens();
    expect(await fetchOnce(page)).toBe(200);
    await expectSession(page, 'active');
    await expect.poll(async () => (await snapshotOf(page)).durability).toBe('memory');
    await expect(page.getByText('This session is not saved.', { exact: true })).toBeVisible();
    await expectCalm(page, lab);
  });

  test('shows a Problem and lets the user sign in when the worker starts [newer-database-at-start]', async ({
    page,
    app,
    lab,
  }) => {
    await signIn(page, app.origin, 'password');
    await makeNewer(page, SESSION_DATABASE);
    await comeBack(page);
    await expectSession(page, 'signed-out', 20_000);
    expect((await snapshotOf(page)).session).toMatchObject({ reason: 'never', problem: { code: 'store-newer' } });
    await expectCalm(page, lab);
    expect(await keysOf(page)).toEqual(['current']);
    await signInBy(page, DEMO);
    expect((await snapshotOf(page)).durability).toBe('memory');
    expect(await fetchOnce(page)).toBe(200);
  });

  test('`publish` returns a Problem when the outbox is newer, and the session and the socket stay', async ({
    page,
    app,
  }) => {
    await signIn(page, app.origin, 'password');
    await makeNewer(page, OUTBOX_DATABASE);
    await comeBack(page);
    await expectSession(page, 'active');
    await expectSocket(page, 'open');
    const published = await page.evaluate(() => window.keeper.channel('outbox').publish('hello'));
    expect(published).toEqual({ ok: false, problem: { code: 'store-newer' } });
    expect(await fetchOnce(page)).toBe(200);
  });
});

/** In bytes. With 0, Chromium sets no limit. */
const FULL = 1;

test.describe('a full storage [storage-full]', () => {
  const setQuota = (session: CDPSession, origin: string, quotaSize?: number): Promise<unknown> =>
    session.send('Storage.overrideQuotaForOrigin', { origin, ...(quotaSize === undefined ? {} : { quotaSize }) });

  test(
    'keeps the session in memory, `publish` returns a Problem, and free space ends both [storage-freed]',
    { tag: '@waits' },
    async ({ page, app, lab }) => {
      test.setTimeout(120_000);
      await signIn(page, app.origin, 'password');
      const quota = await page.context().newCDPSession(page);
      await setQuota(quota, app.origin, FULL);
      // While a database is open, Chromium caches the free space for half a minute.
      const renewed = async (): Promise<string> => {
        await lab.expireTokens();
        expect(await fetchOnce(page)).toBe(200);
        return (await snapshotOf(page)).durability;
      };
      await expect.poll(renewed, { timeout: 60_000, intervals: [5_000] }).toBe('memory');
      await expect(page.getByText('This session is not saved.', { exact: true })).toBeVisible();
      await seesSignedIn(page);
      expect(await page.evaluate(() => window.keeper.channel('full').publish('x'.repeat(1_000)))).toEqual({
        ok: false,
        problem: { code: 'store-full' },
      });
      await expectCalm(page, lab);
      await setQuota(quota, app.origin);
      await expect.poll(async () => (await snapshotOf(page)).durability, { timeout: 15_000 }).toBe('disk');
      expect(await page.evaluate(() => window.keeper.channel('full').publish('x'))).toMatchObject({ ok: true });
      await comeBack(page);
      await expectSession(page, 'active');
      expect(await fetchOnce(page)).toBe(200);
    },
  );

  test('installs the worker and signs in when there is no room for the app shell', async ({ page, app }) => {
    await setQuota(await page.context().newCDPSession(page), app.origin, FULL);
    await page.goto(app.origin);
    await connectKeeper(page);
    await signInBy(page, DEMO);
    const { worker, durability } = await snapshotOf(page);
    expect({ host: worker.host, durability }).toEqual({ host: 'service-worker', durability: 'memory' });
    await seesSignedIn(page);
    expect(await fetchOnce(page)).toBe(200);
    await page.reload();
    await seesSignedIn(page);
  });
});
