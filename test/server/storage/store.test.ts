import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { open } from 'lmdb';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openLmdbStore } from '../../../server/base/lmdb-store.ts';
import { createTopics } from '../../../server/realtime/topics.ts';
import { createLmdbTopicLog, MAX_EVENTS_PER_TOPIC } from '../../../server/storage/lmdb-topic-log.ts';
import { resumeFrom } from '../../../server/storage/lineage.ts';
import { temporaryDir } from '../support/start.ts';

let folder: ReturnType<typeof temporaryDir>;
let store: ReturnType<typeof openLmdbStore>;
let now = 1_000;
beforeEach(() => {
  folder = temporaryDir();
  store = openLmdbStore(folder.dir, { now: () => now });
});
afterEach(async () => {
  await store.close();
  folder.remove();
});

const SHORT_MS = 30;

describe('store', () => {
  test('keeps plain data when it is opened again', async () => {
    const value = { text: 'ä', number: 1.5, list: [null, true], nested: { a: '' } };
    await store.put('k', value);
    await store.close();
    store = openLmdbStore(folder.dir, { now: () => now });
    expect(await store.get('k')).toEqual(value);
    await store.delete('k');
    expect(await store.get('k')).toBeUndefined();
  });

  test('keeps its data in a folder whose name has a dot', async () => {
    const path = join(folder.dir, 'app-1.0');
    mkdirSync(path);
    const dotted = openLmdbStore(path);
    await dotted.put('k', 1);
    await dotted.close();
    expect(readdirSync(path)).toContain('data.mdb');
  });

  test('lists the keys of a prefix in order, after a given key', async () => {
    for (const key of ['a/2', 'a/1', 'b/1', 'a', 'a0', 'a/ä']) await store.put(key, key);
    expect((await store.list('a/')).map(({ key }) => key)).toEqual(['a/1', 'a/2', 'a/ä']);
    expect((await store.list('a/', { after: 'a/1', limit: 1 })).map(({ key }) => key)).toEqual(['a/2']);
    await store.deleteAll('a/');
    expect((await store.list('')).map(({ key }) => key)).toEqual(['a', 'a0', 'b/1']);
  });

  test('ignores expired entries at once, and removes them from the disk with a sweep', async () => {
    await store.put('brief', 1, { ttlMs: SHORT_MS });
    await store.put('renewed', 1, { ttlMs: SHORT_MS });
    await store.put('renewed', 2, { ttlMs: 60_000 });
    await store.put('kept', 1);
    expect(await store.get('brief')).toBe(1);
    now += SHORT_MS;
    expect(await store.get('brief')).toBeUndefined();
    expect((await store.list('')).map(({ key }) => key)).toEqual(['kept', 'renewed']);
    expect(await store.update(['brief'], ([current]) => ({ result: current }))).toBeUndefined();
    expect(await store.sweep()).toBe(1);
    expect(await store.sweep()).toBe(0);
    expect(await store.get('renewed')).toBe(2);
  });

  test('removes everything that has expired in one sweep, while other requests go on', async () => {
    const count = 6_000;
    await Promise.all(Array.from({ length: count }, (_, n) => store.put(`proof/${n}`, true, { ttlMs: SHORT_MS })));
    now += SHORT_MS;
    const sweep = store.sweep();
    await store.put('during', 1);
    expect(await store.get('during')).toBe(1);
    expect(await sweep).toBe(count);
    expect(await store.sweep()).toBe(0);
  });

  test('keeps one row of expiry for a row that is written again, and none for one that is removed', async () => {
    for (let n = 0; n < 20; n += 1) {
      await store.put('renewed', n, { ttlMs: SHORT_MS + n });
      await store.put('removed', n, { ttlMs: SHORT_MS });
    }
    await store.delete('removed');
    await store.close();
    const root = open({ path: folder.dir, readOnly: true, maxDbs: 2, noSubdir: false });
    const rows = [...root.openDB({ name: 'expiry' }).getKeys()];
    await root.close();
    store = openLmdbStore(folder.dir, { now: () => now });
    expect(rows).toEqual([[now + SHORT_MS + 19, 'renewed']]);
  });

  test('removes nothing while it may not sweep', async () => {
    const paused = openLmdbStore(join(folder.dir, 'paused'), { now: () => now, maySweep: () => false });
    await paused.put('k', 1, { ttlMs: SHORT_MS });
    now += SHORT_MS;
    expect(await paused.sweep()).toBe(0);
    await paused.close();
  });

  test('runs updates of one key one after the other', async () => {
    await Promise.all(
      Array.from({ length: 200 }, () =>
        store.update(['n'], ([n]) => ({
          result: n,
          writes: [{ key: 'n', value: (typeof n === 'number' ? n : 0) + 1 }],
        })),
      ),
    );
    expect(await store.get('n')).toBe(200);
  });

  test('writes nothing when an update throws, and works afterwards', async () => {
    const broken = store.update(['n'], () => {
      throw new Error('no');
    });
    await expect(broken).rejects.toThrow('no');
    await store.put('n', 1);
    expect(await store.get('n')).toBe(1);
  });
});

describe('history', () => {
  test('has a maximum length, and reports removed events as a gap', async () => {
    const topics = createTopics(createLmdbTopicLog(store));
    await Promise.all(Array.from({ length: MAX_EVENTS_PER_TOPIC + 5 }, (_, n) => topics.append('owner', 'topic', n)));
    const head = await topics.head('owner', 'topic');
    expect(head).toMatchObject({ offset: MAX_EVENTS_PER_TOPIC + 5, oldest: 6 });
    expect(await topics.read('owner', 'topic', 0, 2)).toEqual([
      { offset: 6, data: 5 },
      { offset: 7, data: 6 },
    ]);
    const { epoch } = head;
    const cursor = { epoch, offset: 2 };
    expect(resumeFrom(head, cursor)).toEqual({
      cursor: { epoch, offset: 5 },
      resumed: false,
      gap: { from: 3, to: 5 },
    });
    expect(resumeFrom(head, { epoch, offset: 5 })).toMatchObject({ resumed: true });
    expect(resumeFrom(head, { epoch, offset: MAX_EVENTS_PER_TOPIC + 6 })).toMatchObject({
      resumed: false,
      gap: { to: 0 },
    });
  });

  test('keeps topics with slashes in their names apart', async () => {
    const topics = createTopics(createLmdbTopicLog(store));
    await topics.append('a', 'b/c', 1);
    await topics.append('a', 'b', 2);
    expect((await topics.read('a', 'b', 0, 9)).map(({ data }) => data)).toEqual([2]);
    expect((await topics.read('a', 'b/c', 0, 9)).map(({ data }) => data)).toEqual([1]);
  });
});
