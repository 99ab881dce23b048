import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openLmdbStore } from '../../../server/base/lmdb-store.ts';
import { createDiskSpace, type VolumeSpace } from '../../../server/data-folder/disk-space.ts';
import { createUploads } from '../../../server/demo/uploads.ts';
import { createBegunSignIns } from '../../../server/provider/begun-sign-ins.ts';
import { createTopics } from '../../../server/realtime/topics.ts';
import { createLmdbTopicLog, MAX_TOPICS } from '../../../server/storage/lmdb-topic-log.ts';
import { bearer, passwordLogin, startTestServer, temporaryDir } from '../support/start.ts';

const MIB = 1024 * 1024;

let folder: ReturnType<typeof temporaryDir>;
let store: ReturnType<typeof openLmdbStore>;
beforeEach(() => {
  folder = temporaryDir();
  store = openLmdbStore(folder.dir);
});
afterEach(async () => {
  await store.close();
  folder.remove();
});

describe('quotas', () => {
  test('allow sixteen unfinished uploads of one person, also of parallel requests', async () => {
    const uploads = createUploads({ dir: `${folder.dir}/uploads`, store, now: Date.now });
    const begun = await Promise.all(Array.from({ length: 60 }, () => uploads.begin('ada', 1, undefined)));
    const ids = begun.filter((id) => id !== undefined);
    expect(ids).toHaveLength(16);
    expect(await uploads.begin('bob', 1, undefined)).toBeDefined();
    const [first = '', second = ''] = ids;
    await uploads.append('ada', first, { offset: 0, complete: true, body: new Blob(['x']).stream() });
    await uploads.remove('ada', second);
    expect(await uploads.begin('ada', 1, 'key')).toBeDefined();
    expect(await uploads.begin('ada', 1, 'key')).toBeDefined();
    expect(await uploads.begin('ada', 1, undefined)).toBeDefined();
    expect(await uploads.begin('ada', 1, undefined)).toBeUndefined();
  });

  test('allow a bounded number of topics of one person, and count those of a server before 0.2', async () => {
    const topics = createTopics(createLmdbTopicLog(store));
    await Promise.all(Array.from({ length: MAX_TOPICS + 50 }, (_, n) => topics.append('ada', `t${n}`, n)));
    expect(await store.list('topic/ada/')).toHaveLength(MAX_TOPICS);
    expect(await topics.append('ada', 'one more', 1)).toBeUndefined();
    expect(await topics.append('ada', 't0', 1)).toMatchObject({ offset: 2 });
    expect(await topics.append('bob', 'one more', 1)).toMatchObject({ offset: 1 });
    await store.delete('topic-count/ada');
    expect(await topics.append('ada', 'one more', 1)).toBeUndefined();
  });

  test('bound what visitors begin, at the cost of the visitor with the most', () => {
    const begun = createBegunSignIns(1_000, () => now, 100);
    let now = 0;
    expect(begun.add('a', 40)).toEqual([]);
    expect(begun.add('b', 40)).toEqual([]);
    expect(begun.add('c', 40)).toEqual(['a']);
    begun.remove('b');
    expect(begun.add('d', 40)).toEqual([]);
    expect(begun.add('c', 90)).toEqual(['d']);
    now = 1_000;
    expect(begun.add('e', 90)).toEqual([]);
    expect(begun.add('f', 300)).toEqual(['e']);
  });
});

describe('a disk that is almost full', () => {
  let space: VolumeSpace = { free: 900 * MIB, total: 1_000 * MIB };
  let now = 0;
  const changes: boolean[] = [];
  const disk = createDiskSpace(
    () => space,
    () => now,
    (isLow) => changes.push(isLow),
  );
  const setFree = (free: number): void => {
    space = { ...space, free };
    now += 1_000;
  };

  test('takes no more data that can wait, and reports both changes', () => {
    disk.require();
    expect(() => disk.require(900 * MIB)).toThrow('almost full: 900 of 1000 MiB are free');
    setFree(10 * MIB);
    expect(() => disk.require()).toThrow('almost full: 10 of 1000 MiB');
    setFree(900 * MIB);
    disk.require();
    expect(changes).toEqual([true, false]);
    setFree(51 * MIB);
    disk.require();
  });
});

describe('a server on a disk that is almost full', () => {
  const running = startTestServer({ volume: () => ({ free: MIB, total: 1_000 * MIB }), onNotice: () => undefined });
  afterAll(async () => (await running).stop());

  test('refuses uploads, notes and visitors with 503, and serves those who are signed in', async () => {
    const server = await running;
    const tokens = await passwordLogin(server.call);
    const headers = bearer(tokens.access_token);
    const upload = { method: 'POST', headers: { ...headers, 'upload-complete': '?0', 'upload-length': '5' } };
    const refused = [
      await server.call('/api/v1/media/upload', upload),
      await server.call('/api/v1/notes', { json: { text: 'x' }, headers }),
      await fetch(
        `${server.issuer}/auth?client_id=session-keeper&redirect_uri=${server.url}/auth/callback&response_type=code&scope=openid&code_challenge=${'a'.repeat(43)}&code_challenge_method=S256`,
        { redirect: 'manual' },
      ),
    ];
    expect(refused.map(({ status }) => status)).toEqual([503, 503, 503]);
    expect(refused.map((response) => response.headers.get('retry-after'))).toEqual(['60', '60', '60']);
    const refresh = { json: { refresh_token: tokens.refresh_token } };
    expect((await server.call('/api/v1/auth/refresh', refresh)).status).toBe(200);
    expect((await server.call('/api/v1/socket/ticket', { method: 'POST', headers })).status).toBe(200);
    expect((await server.call('/api/v1/auth/logout', refresh)).status).toBe(204);
  });
});
