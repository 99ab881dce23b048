import type { Page } from '@playwright/test';
import { expect, FAILED_REQUEST, test } from '../../support/e2e.ts';
import { expectSession, snapshotOf } from '../../support/page/keeper-page.ts';
import { killWorkers } from '../../support/browser/worker-kill.ts';
import {
  embeddingConfig,
  keeperScript,
  PLAIN_PAGE,
  signInSite,
  startEmbeddingSite,
  type EmbeddingSite,
} from '../../support/sites/embedding-site.ts';
import type { Keeper } from '../../../src/page/types/types.ts';

const WORKER = '/keeper-sw.js';

let site: EmbeddingSite;
test.beforeEach(async ({ complaints }) => {
  complaints.expect(FAILED_REQUEST);
  site = await startEmbeddingSite();
  const config = embeddingConfig('/', {
    api: [
      { origin: 'self', path: '/api/fixed/', session: 'work' },
      { origin: 'self', path: '/api/' },
    ],
    sessions: { pages: [{ path: '/u/home/', session: 'home' }] },
  });
  site.serve(WORKER, await keeperScript(config));
  for (const path of ['/', '/u/home/']) site.serve(path, PLAIN_PAGE);
});
test.afterEach(() => site.stop());

const connectAs = (page: Page, session?: string): Promise<void> =>
  page.evaluate(
    async ([script, name]) => {
      const library = '/keeper.js';
      const { connect } = (await import(library)) as {
        connect(options: { worker: string; session?: string }): Promise<Keeper>;
      };
      window.keeper = await connect({ worker: script, ...(name !== undefined && { session: name }) });
    },
    [WORKER, session] as const,
  );

const openAs = async (page: Page, path: string, session?: string): Promise<void> => {
  await page.goto(site.origin + path);
  await connectAs(page, session);
};

/** Whom the API knows the request as. */
const userOf = (page: Page, path = '/api/x', headers: Record<string, string> = {}): Promise<string> =>
  page.evaluate(
    async ([url, given]) => {
      const response = await fetch(url, { headers: given });
      return response.ok ? String(((await response.json()) as { user?: unknown }).user) : String(response.status);
    },
    [path, headers] as const,
  );

const expectName = (page: Page, name: string | undefined): Promise<void> =>
  expect.poll(async () => (await snapshotOf(page)).sessionName).toBe(name);

test('three sessions in two tabs share an origin and nothing else [sessions-in-tabs]', async ({ page }) => {
  const other = await page.context().newPage();
  await openAs(page, '/');
  await signInSite(page, 'ann');
  await openAs(other, '/', 'work');
  await expectSession(other, 'signed-out');
  await signInSite(other, 'bob');
  expect([await userOf(page), await userOf(other)]).toEqual(['ann', 'bob']);

  // A header, a rule and the path of a document say whose a request is. The header stays in the browser.
  site.serve('/api/headers', (request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ user: Object.keys(request.headers).filter((name) => name.startsWith('keeper-')) }));
  });
  expect(await userOf(page, '/api/x', { 'keeper-session': 'work' })).toBe('bob');
  expect(await userOf(page, '/api/headers', { 'keeper-session': 'work' })).toBe('');
  expect(await userOf(page, '/api/fixed/x')).toBe('bob');

  // A worker that starts again knows each document before that attaches.
  await killWorkers(page);
  expect([await userOf(other), await userOf(page)]).toEqual(['bob', 'ann']);

  // The switch reaches the tab that follows, and not the one with a session of its own.
  await other.evaluate(() => window.keeper.showSession('home'));
  await expectName(page, 'home');
  await expectSession(page, 'signed-out');
  expect([await userOf(page), await userOf(other)]).toEqual(['401', 'bob']);
  await signInSite(page, 'cy');
  // The user of a new session is known with the first answer of `whoami`.
  const sessions = expect.poll(() => other.evaluate(() => window.keeper.sessions()));
  await sessions.toMatchObject({
    ok: true,
    value: [
      { name: '', shown: false, session: { user: { sub: 'ann' } } },
      { name: 'work', shown: false, session: { user: { sub: 'bob' } } },
      { name: 'home', shown: true, session: { user: { sub: 'cy' } } },
    ],
  });
  await page.goto(`${site.origin}/u/home/`);
  expect(await userOf(page)).toBe('cy');
  await connectAs(page, 'home');

  // A sign-out ends one session, or all of them.
  await other.evaluate(() => window.keeper.signOut());
  expect([await userOf(page), await userOf(other)]).toEqual(['cy', '401']);
  await other.evaluate(() => window.keeper.signOut({ sessions: 'all' }));
  await expectSession(page, 'signed-out');
  expect(await userOf(page, '/api/x', { 'keeper-session': '' })).toBe('401');
});

test('an answer in the HTTP cache reaches no other session [sessions-cache]', async ({ page }) => {
  const other = await page.context().newPage();
  let asked = 0;
  site.serve('/api/cached', (request, response) => {
    asked += 1;
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'max-age=600' });
    response.end(JSON.stringify({ user: request.headers.authorization }));
  });
  await openAs(page, '/');
  await signInSite(page, 'ann');
  await openAs(other, '/', 'work');
  await signInSite(other, 'bob');
  const first = await userOf(page, '/api/cached');
  const second = await userOf(other, '/api/cached');
  expect(second).not.toBe(first);
  expect(await userOf(page, '/api/cached')).toBe(first);
  expect(asked).toBe(3);
});

test('a page that names a session where the worker has one says so', async ({ page }) => {
  site.serve(WORKER, await keeperScript(embeddingConfig()));
  await openAs(page, '/', 'work');
  expect((await snapshotOf(page)).session).toMatchObject({ state: 'signed-out', problem: { code: 'unsupported' } });
});

test('a record that page script moves to another session does not open there [sessions-moved-record]', async ({
  page,
}) => {
  await openAs(page, '/');
  await signInSite(page, 'ann');
  await page.evaluate(() => window.keeper.showSession('work'));
  await expectName(page, 'work');
  await page.evaluate(() => window.keeper.signOut());
  const moved = await page.evaluate(async () => {
    const open = (name: string): Promise<IDBDatabase> =>
      new Promise((resolve, reject) => {
        const request = indexedDB.open(name);
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(new Error(name));
      });
    const done = <T>(request: IDBRequest<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(new Error('request'));
      });
    const [from, to] = [await open('session-keeper'), await open('session-keeper:#work')];
    let rows = 0;
    for (const store of ['session', 'keys', 'sealed']) {
      const names = await done(from.transaction(store).objectStore(store).getAllKeys());
      for (const name of names) {
        const row: unknown = await done(from.transaction(store).objectStore(store).get(name));
        await done(to.transaction(store, 'readwrite').objectStore(store).put(row, name));
        rows += 1;
      }
    }
    from.close();
    to.close();
    return rows;
  });
  expect(moved).toBeGreaterThan(1);
  await killWorkers(page);
  await page.reload();
  await connectAs(page, 'work');
  await expectSession(page, 'signed-out');
  expect(await userOf(page)).toBe('401');
  expect(await userOf(page, '/api/x', { 'keeper-session': '' })).toBe('ann');
});
