import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { openLmdbStore, type OrderedStore } from '../../../server/base/lmdb-store.ts';
import { createMemoryRows } from '../../../server/kit/memory-store.ts';

let time = 1_000;
const now = (): number => time;
const folder = mkdtempSync(join(tmpdir(), 'keeper-'));
let store: OrderedStore | undefined;
afterEach(async () => {
  await store?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Both give the same results. */
const STORES: Readonly<Record<string, () => OrderedStore>> = {
  memory: () => createMemoryRows(now),
  lmdb: () => openLmdbStore(folder, { now }),
};

describe.each(Object.entries(STORES))('a store on %s', (_name, open) => {
  test('lists a prefix in the order of bytes, after a key, up to a limit', async () => {
    store = open();
    for (const key of ['a/2', 'a/1', 'b/1', 'a/ä', 'a/\u{FF5E}', 'a/\u{1F600}']) await store.put(key, key);
    const keysOf = async (range = {}) => (await store?.list('a/', range))?.map(({ key }) => key);
    expect(await keysOf()).toEqual(['a/1', 'a/2', 'a/ä', 'a/\u{FF5E}', 'a/\u{1F600}']);
    expect(await keysOf({ after: 'a/1', limit: 2 })).toEqual(['a/2', 'a/ä']);
  });

  test('ignores what has expired, and keeps what was written again', async () => {
    store = open();
    await store.put('brief', 1, { ttlMs: 50 });
    await store.put('renewed', 1, { ttlMs: 50 });
    await store.put('renewed', 2, { ttlMs: 5_000 });
    time += 50;
    expect([await store.get('brief'), await store.get('renewed')]).toEqual([undefined, 2]);
    expect(await store.list('')).toEqual([{ key: 'renewed', value: 2 }]);
  });

  test('decides and writes in one step, or writes nothing', async () => {
    const opened = open();
    store = opened;
    const take = () =>
      opened.update(['ticket'], ([current]) => ({ result: current, writes: [{ key: 'ticket', remove: true }] }));
    await opened.put('ticket', { sub: 'ann' });
    expect(await Promise.all([take(), take()])).toEqual([{ sub: 'ann' }, undefined]);
    const fails = opened.update([], () => {
      throw new Error('no');
    });
    await expect(fails).rejects.toThrow('no');
  });

  test('keeps a value as it was when its writer changes the object later', async () => {
    store = open();
    const value = { list: [1] };
    await store.put('k', value);
    value.list.push(2);
    expect(await store.get('k')).toEqual({ list: [1] });
  });
});
