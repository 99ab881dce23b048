import 'fake-indexeddb/auto';
import { openDB } from 'idb';
import { beforeEach, describe, expect, test } from 'vitest';
import { createDisk, destroyDisk, type Disk } from '../../src/host/storage/database.ts';
import { SESSION_ROW, type SessionRow } from '../../src/host/storage/session-row.ts';
import { packRow, unpackRow } from '../../src/host/storage/native-record.ts';
import { createSealer, type Sealer } from '../../src/host/storage/encryption.ts';
import { createSessionStore, type SessionStore } from '../../src/host/storage/session-store.ts';
import type { SessionRecord } from '../../src/core/session/session-types.ts';

const session = (generation: number): SessionRecord => ({
  state: 'signed-in',
  session: {
    kind: 'password',
    generation,
    startedAt: 1,
    tokens: {
      access: { value: `at${generation}`, scheme: 'Bearer', issuedAt: 1, expiresAt: 2 },
      refresh: `rt${generation}`,
    },
  },
});

const SEAL = { id: 'k1', secret: 'a secret of the worker' };
const opened: Disk[] = [];

const storeOf = (
  seal: typeof SEAL | 'none' = SEAL,
  bound = 'https://app.example',
): { store: SessionStore; disk: Disk } => {
  const disk = createDisk();
  opened.push(disk);
  return {
    disk,
    store: createSessionStore(disk, createSealer(disk, bound, seal === 'none' ? undefined : seal)),
  };
};

beforeEach(async () => {
  for (const disk of opened.splice(0)) await disk.use(async (db) => db.close()).catch(() => undefined);
  await destroyDisk();
});

describe('the session on disk', () => {
  test('opens with one decryption beside a provider configuration, and without its binding too [one-decryption]', async () => {
    const disk = createDisk();
    opened.push(disk);
    const sealer = createSealer(disk, 'https://app.example https://id.example app', SEAL);
    let opens = 0;
    const counted = (of: Sealer): Sealer => ({
      ...of,
      open(...row) {
        opens += 1;
        return of.open(...row);
      },
    });
    const withoutProvider = counted(sealer.boundTo('https://app.example  '));
    const store = createSessionStore(disk, counted(sealer), { withoutProvider });
    await store.save(session(1));
    expect(await store.load()).toMatchObject({ saved: session(1) });
    expect(opens).toBe(1);
    const former = SESSION_ROW.read(await disk.use((db) => db.get('session', 'current')));
    await disk.use((db) => db.put('session', { ...former, binding: undefined }, 'current'));
    expect(await store.load()).toMatchObject({ saved: session(1) });
    await disk.use((db) => db.put('session', { ...former, binding: 'provider' }, 'current'));
    expect(await store.load()).toMatchObject({ saved: session(1) });
  });

  test('loads in another worker', async () => {
    expect(await storeOf().store.save(session(1))).toEqual({ type: 'saved' });
    expect(await storeOf().store.load()).toMatchObject({ saved: session(1) });
  });

  test('is encrypted', async () => {
    const { store, disk } = storeOf();
    await store.save(session(1));
    const rows = await disk.use((db) => db.getAll('session') as Promise<SessionRow[]>);
    const bytes = rows.map((row) => new TextDecoder('latin1').decode(row.sealed.data)).join('');
    expect(bytes.length).toBeGreaterThan(50);
    expect(bytes).not.toMatch(/rt1|at1|refresh|password/);
  });

  test('is not overwritten by an older generation, and `save` returns the newer one [older-generation]', async () => {
    const { store } = storeOf();
    await store.save(session(5));
    expect(await store.save(session(4))).toMatchObject({ type: 'superseded', saved: session(5) });
    expect((await store.load()).saved).toMatchObject(session(5));
  });

  test('accepts the same generation again', async () => {
    const { store } = storeOf();
    await store.save(session(5));
    expect(await store.save(session(5))).toEqual({ type: 'saved' });
  });

  test('keeps the reason of a sign-out', async () => {
    const left: SessionRecord = {
      state: 'signed-out',
      generation: 6,
      reason: 'rejected',
      problem: { code: 'grant-rejected', at: '/t', status: 400, error: 'invalid_grant' },
    };
    await storeOf().store.save(left);
    expect((await storeOf().store.load()).saved).toMatchObject(left);
  });

  test('does not open for another origin, and moves aside instead of being deleted [record-other-origin]', async () => {
    await storeOf().store.save(session(1));
    const { store, disk } = storeOf(SEAL, 'https://other.example');
    expect(await store.load()).toMatchObject({ saved: undefined, problem: { code: 'store-unreadable' } });
    expect(await disk.use((db) => db.getAllKeys('session'))).toEqual(['aside']);
    expect(await store.save({ state: 'signed-out', generation: 2, reason: 'user' })).toEqual({ type: 'saved' });
    expect(await disk.use((db) => db.getAllKeys('session'))).toEqual(['current']);
  });

  test('does not move a record aside that another worker wrote after the read', async () => {
    await storeOf().store.save(session(1));
    const there = storeOf(SEAL, 'https://other.example');
    let reads = 0;
    const slow: Disk = {
      ...there.disk,
      async use(work) {
        const found = await there.disk.use(work);
        if (++reads === 1) await there.store.save(session(7));
        return found;
      },
    };
    const here = createSessionStore(slow, createSealer(there.disk, 'https://other.example', SEAL));
    expect(await here.load()).toMatchObject({ saved: undefined, problem: { code: 'store-unreadable' } });
    expect((await here.load()).saved).toMatchObject(session(7));
  });

  test.each([null, 7, [], { generation: 1 }, { generation: 1, sealed: {} }, { generation: 'x', sealed: { data: 0 } }])(
    'reports a malformed row (%j) as unreadable, and still saves the next sign-in',
    async (row) => {
      const { store, disk } = storeOf();
      await disk.use((db) => db.put('session', row, 'current'));
      expect(await store.load()).toMatchObject({ saved: undefined, problem: { code: 'store-unreadable' } });
      await disk.use((db) => db.put('session', row, 'current'));
      expect(await store.row()).toBeUndefined();
      expect(await store.save(session(1))).toEqual({ type: 'saved' });
      expect((await store.load()).saved).toMatchObject(session(1));
    },
  );

  test('stays in place when the worker lacks the seal', async () => {
    await storeOf().store.save(session(1));
    expect(await storeOf({ id: 'k2', secret: 'another' }).store.load()).toMatchObject({
      problem: { code: 'store-unreadable' },
    });
    expect((await storeOf().store.load()).saved).toMatchObject(session(1));
  });

  test('does not open when the generation of the row was changed', async () => {
    const { store, disk } = storeOf();
    await store.save(session(1));
    await disk.use(async (db) => {
      const row = (await db.get('session', 'current')) as SessionRow;
      await db.put('session', { ...row, generation: 9 }, 'current');
    });
    expect(await store.load()).toMatchObject({
      saved: undefined,
      problem: { code: 'store-unreadable', detail: 'DataError' },
    });
  });

  test('is replaced by a sign-in when a newer row is unreadable', async () => {
    await storeOf({ id: 'k2', secret: 'another' }).store.save(session(9));
    const { store } = storeOf();
    expect(await store.save(session(1))).toEqual({ type: 'saved' });
    expect((await store.load()).saved).toMatchObject(session(1));
  });

  test('reports a database of a newer version', async () => {
    (await openDB('session-keeper', 99)).close();
    const { store } = storeOf();
    expect(await store.save(session(1))).toEqual({ type: 'failed', problem: { code: 'store-newer' } });
  });

  test('is encrypted with one key when two workers have no seal', async () => {
    const first = storeOf('none');
    const second = storeOf('none');
    await Promise.all([first.store.save(session(1)), second.store.save(session(2))]);
    expect((await storeOf('none').store.load()).saved).toMatchObject(session(2));
  });
});

describe('a copy for a native store', () => {
  test('is restored when the disk holds no record', async () => {
    const from = storeOf();
    await from.store.save(session(3));
    const record = packRow((await from.store.row())!);
    await from.disk.use(async (db) => db.clear('session'));
    expect(await storeOf().store.restore(unpackRow(record)!)).toBe(true);
    expect((await storeOf().store.load()).saved).toMatchObject(session(3));
  });

  test('does not replace a record', async () => {
    const { store } = storeOf();
    await store.save(session(3));
    const older = packRow((await store.row())!);
    await store.save(session(4));
    expect(await store.restore(unpackRow(older)!)).toBe(false);
    expect((await store.load()).saved).toMatchObject(session(4));
  });

  test('does not open when it was changed', async () => {
    const { store, disk } = storeOf();
    await store.save(session(3));
    const row = (await store.row())!;
    await disk.use(async (db) => db.clear('session'));
    await expect(store.restore({ ...row, generation: 99 })).rejects.toThrow('record');
    expect(await store.row()).toBeUndefined();
  });

  test.each([
    [undefined],
    [null],
    [''],
    ['undefined'],
    ['{}'],
    ['{"v":1}'],
    [7],
    ['{"v":1,"generation":1,"key":"k","iv":"*","data":"*"}'],
  ])('ignores %j from a keychain [keychain-nothing]', (value) => {
    expect(unpackRow(value)).toBeUndefined();
  });
});
