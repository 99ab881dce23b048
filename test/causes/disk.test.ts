import 'fake-indexeddb/auto';
import { deleteDB, openDB } from 'idb';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { destroyDisk } from '../../src/host/storage/database.ts';
import { createPasswordMethod } from '../../src/host/auth/password-method.ts';
import { startLife, type KeeperLife } from './keeper-life.ts';
import { startTokenEndpoint, type TokenEndpoint } from './token-endpoint.ts';

const DATABASE = 'session-keeper';

let endpoint: TokenEndpoint;
const lives: KeeperLife[] = [];

const startWorker = (): KeeperLife => {
  const { origin } = endpoint;
  const config = { login: `${origin}/login`, refresh: `${origin}/refresh`, logout: `${origin}/logout` };
  const life = startLife(createPasswordMethod({ ...config, reuseGraceMs: 0 }, origin, Date.now));
  lives.push(life);
  return life;
};

const signedIn = async (): Promise<KeeperLife> => {
  const life = startWorker();
  await life.until('signed-out');
  await life.runtime.signIn({ kind: 'password', username: 'demo', password: 'demo' });
  return life;
};

const nextWorker = async (life: KeeperLife): Promise<KeeperLife> => {
  await life.end();
  const next = startWorker();
  await next.until('active', 'signed-out');
  return next;
};

beforeEach(async () => {
  // Workers have it. Node 20 does not.
  vi.stubGlobal('navigator', { onLine: true });
  endpoint = await startTokenEndpoint();
});

afterEach(async () => {
  for (const life of lives.splice(0)) await life.end();
  await endpoint.close();
  vi.unstubAllGlobals();
  await destroyDisk();
});

test('requests wait, and then get the session, when the database of a new worker hangs [logout-10]', async () => {
  await (await signedIn()).end();
  // A page keeps the database open while an upgrade waits, so each further open waits too.
  const page = await openDB(DATABASE);
  const upgrade = indexedDB.open(DATABASE, 2);
  upgrade.onupgradeneeded = () => upgrade.transaction?.abort();
  const ended = new Promise((resolve) => (upgrade.onerror = resolve));
  const worker = startWorker();
  const verdict = worker.runtime.requestToken({ type: 'request', id: 'waits' });
  expect(verdict).toBeInstanceOf(Promise);
  while (!('retryAt' in worker.runtime.machine.state)) await new Promise((resolve) => setImmediate(resolve));
  page.close();
  await ended;
  expect(await verdict).toMatchObject({ type: 'authorized' });
});

describe('IndexedDB [logout-29]', () => {
  test('sign-in works in memory, and says so, when IndexedDB is missing [disk-missing]', async () => {
    vi.stubGlobal('indexedDB', undefined);
    const life = startWorker();
    await life.until('signed-out');
    expect(await life.runtime.signIn({ kind: 'password', username: 'demo', password: 'demo' })).toMatchObject({
      ok: true,
    });
    expect(life.runtime.machine.durability).toBe('memory');
    expect(await life.refused()).toMatchObject({ type: 'authorized', generation: life.session?.generation });
  });

  test('the worker writes the record again when a script deleted the database [disk-deleted]', async () => {
    const life = await signedIn();
    await deleteDB(DATABASE);
    while (life.runtime.machine.unsaved || !(await life.disk.use((db) => db.get('session', 'current'))))
      await new Promise((resolve) => setImmediate(resolve));
    const next = await nextWorker(life);
    expect(next.session).toMatchObject({ generation: life.session?.generation, tokens: life.session?.tokens ?? {} });
    expect(await next.refused()).toMatchObject({ type: 'authorized' });
  });

  test('the next refresh writes the record again when it was lost', async () => {
    const life = await signedIn();
    await life.disk.use((db) => db.clear('session'));
    expect(await life.refused()).toMatchObject({ type: 'authorized' });
    const next = await nextWorker(life);
    expect(next.session?.tokens.refresh).toBe(endpoint.newest);
  });

  test('the worker opens the database again when the browser closed it [disk-closed]', async () => {
    const life = await signedIn();
    await life.disk.use(async (db) => db.close());
    expect(await life.refused()).toMatchObject({ type: 'authorized' });
    expect(life.runtime.machine.durability).toBe('disk');
    expect((await nextWorker(life)).session?.tokens.refresh).toBe(endpoint.newest);
  });

  test('the worker refreshes in memory when the database has a newer version', async () => {
    const life = await signedIn();
    await life.end();
    // A newer version of Session Keeper has upgraded the database.
    (await openDB(DATABASE, 99)).close();
    const { length } = endpoint.sent;
    expect(await life.refused()).toMatchObject({ type: 'authorized' });
    expect(endpoint.sent.length).toBe(length + 1);
    expect(life.runtime.machine).toMatchObject({ state: { state: 'active' }, durability: 'memory' });
  });
});
