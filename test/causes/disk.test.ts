import 'fake-indexeddb/auto';
import { deleteDB, openDB } from 'idb';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { destroyDisk } from '../../src/host/storage/database.ts';
import { createPasswordWorkers } from './password-workers.ts';
import type { RunningWorker } from './running-worker.ts';
import { startTokenEndpoint, type TokenEndpoint } from './token-endpoint.ts';

const DATABASE = 'session-keeper';

let endpoint: TokenEndpoint;
const { start: startWorker, signedIn, endAll } = createPasswordWorkers(() => endpoint.origin, 0);

const nextWorker = async (worker: RunningWorker): Promise<RunningWorker> => {
  await worker.end();
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
  await endAll();
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
  test('signs in with memory only, and reports it, when IndexedDB is missing [disk-missing]', async () => {
    vi.stubGlobal('indexedDB', undefined);
    const worker = startWorker();
    await worker.until('signed-out');
    expect(await worker.runtime.signIn({ kind: 'password', username: 'demo', password: 'demo' })).toMatchObject({
      ok: true,
    });
    expect(worker.runtime.machine.durability).toBe('memory');
    expect(await worker.refused()).toMatchObject({ type: 'authorized', generation: worker.session?.generation });
  });

  test('the worker writes the record again when a script deleted the database [disk-deleted]', async () => {
    const worker = await signedIn();
    await deleteDB(DATABASE);
    while (worker.runtime.machine.unsaved || !(await worker.disk.use((db) => db.get('session', 'current'))))
      await new Promise((resolve) => setImmediate(resolve));
    const next = await nextWorker(worker);
    expect(next.session).toMatchObject({
      generation: worker.session?.generation,
      tokens: worker.session?.tokens ?? {},
    });
    expect(await next.refused()).toMatchObject({ type: 'authorized' });
  });

  test('the next refresh writes the record again when it was lost', async () => {
    const worker = await signedIn();
    await worker.disk.use((db) => db.clear('session'));
    expect(await worker.refused()).toMatchObject({ type: 'authorized' });
    const next = await nextWorker(worker);
    expect(next.session?.tokens.refresh).toBe(endpoint.newest);
  });

  test('the worker opens the database again when the browser closed it [disk-closed]', async () => {
    const worker = await signedIn();
    await worker.disk.use(async (db) => db.close());
    expect(await worker.refused()).toMatchObject({ type: 'authorized' });
    expect(worker.runtime.machine.durability).toBe('disk');
    expect((await nextWorker(worker)).session?.tokens.refresh).toBe(endpoint.newest);
  });

  test('the worker refreshes in memory when the database has a newer version', async () => {
    const worker = await signedIn();
    await worker.end();
    // A newer version of Session Keeper has upgraded the database.
    (await openDB(DATABASE, 99)).close();
    const { length } = endpoint.sent;
    expect(await worker.refused()).toMatchObject({ type: 'authorized' });
    expect(endpoint.sent.length).toBe(length + 1);
    expect(worker.runtime.machine).toMatchObject({ state: { state: 'active' }, durability: 'memory' });
  });
});
