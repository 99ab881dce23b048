import { afterEach, expect, test } from 'vitest';
import { startRedis, type RedisProcess } from '../../../scripts/redis/start-redis.ts';
import { StoreUnavailable } from '../../../server/base/store.ts';
import { parseStoreAddress } from '../../../server/redis/engine/address.ts';
import { openRedisStorage, type SharedStorage } from '../../../server/redis/redis-storage.ts';
import { resumeFrom } from '../../../server/storage/lineage.ts';
import { TEST_SECRET } from '../../support/server/test-secret.ts';
import { dial } from '../support/hub-client.ts';
import { bearer, cookieLogin, passwordLogin, startTestServer, type TestServer } from '../support/start.ts';

/* What a fault of the shared store does: docs/reference/shared-store.md has the table. */

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

const redisFor = async (args: readonly string[] = []): Promise<RedisProcess> => {
  const redis = await startRedis(args);
  cleanups.push(redis.stop);
  return redis;
};

const serverOn = async (redis: RedisProcess, adoptEmptyStore = true): Promise<TestServer> => {
  const server = await startTestServer({ store: redis.url, adoptEmptyStore, logLevel: 'silent' });
  cleanups.push(server.stop);
  return server;
};

const storageOn = async (redis: RedisProcess, query = ''): Promise<SharedStorage> => {
  const address = parseStoreAddress(redis.url + query);
  const storage = await openRedisStorage({
    address,
    secret: TEST_SECRET,
    adoptEmptyStore: true,
    notify: () => undefined,
  });
  cleanups.push(storage.close);
  return storage;
};

const readiness = async (server: TestServer): Promise<number> => (await server.call('/readyz')).status;

type Credentials = { access_token: string; refresh_token: string };

/** Status and `Retry-After` of each route that could sign someone out. */
const answers = async (server: TestServer, tokens: Credentials, cookie: string): Promise<unknown[]> => {
  const responses = [
    await server.call('/api/v1/auth/whoami', { headers: bearer(tokens.access_token) }),
    await server.call('/api/v1/auth/refresh', { json: { refresh_token: tokens.refresh_token } }),
    await server.call('/api/v1/socket/ticket', { method: 'POST', headers: bearer(tokens.access_token) }),
    await server.call('/api/auth/status', { headers: { cookie } }),
  ];
  return responses.map(({ status, headers }) => [status, headers.get('retry-after')]);
};
const UNAVAILABLE = [503, '1'];

test.each(['restarted without its files', 'emptied while it runs'])(
  'signs no one out when the store is %s, until an operator decides',
  async (how) => {
    const redis = await redisFor();
    const server = await serverOn(redis);
    const tokens = await passwordLogin(server.call);
    const cookie = await cookieLogin(server.call);
    const socket = await dial(server, tokens.access_token);
    await socket.hello();
    await (how === 'emptied while it runs' ? redis.command('FLUSHALL') : redis.restart({ empty: true }));
    expect(await answers(server, tokens, cookie)).toEqual([1, 2, 3, 4].map(() => UNAVAILABLE));
    expect(await readiness(server)).toBe(503);
    expect(socket.ws.readyState, 'the socket stays open').toBe(socket.ws.OPEN);

    await serverOn(redis, false);
    expect(await readiness(server), 'an instance without the flag does not decide').toBe(503);
    await serverOn(redis, true);
    await expect.poll(() => readiness(server), { timeout: 10_000 }).toBe(200);
    const refused = await server.call('/api/v1/auth/refresh', { json: { refresh_token: tokens.refresh_token } });
    expect(refused.status).toBe(400);
    expect((await passwordLogin(server.call)).token_type).toBe('Bearer');
    socket.close();
  },
);

test('refuses the store of other secrets', async () => {
  const redis = await redisFor();
  const first = await serverOn(redis);
  const tokens = await passwordLogin(first.call);
  const other = await startTestServer({
    ...{ store: redis.url, adoptEmptyStore: true, logLevel: 'silent' },
    secret: 'another secret of at least 32 characters',
  });
  cleanups.push(other.stop);
  expect(await readiness(other)).toBe(503);
  expect((await other.call('/api/v1/auth/whoami', { headers: bearer(tokens.access_token) })).status).toBe(503);
  expect(await readiness(first)).toBe(200);
});

test('answers 503 in time while the store hangs, then at once, and goes on after it', async () => {
  const redis = await redisFor();
  const server = await serverOn(redis);
  const tokens = await passwordLogin(server.call);
  const whoami = () => server.call('/api/v1/auth/whoami', { headers: bearer(tokens.access_token) });
  redis.signal('SIGSTOP');
  const startedAt = performance.now();
  expect((await whoami()).status).toBe(503);
  expect(performance.now() - startedAt).toBeLessThan(8_000);
  const again = performance.now();
  expect((await whoami()).status).toBe(503);
  expect(performance.now() - again, 'no wait, while the connection is away').toBeLessThan(2_000);
  redis.signal('SIGCONT');
  await expect.poll(async () => (await whoami()).status, { timeout: 15_000 }).toBe(200);
});

test('keeps sockets and messages when the store restarts with its files', async () => {
  const redis = await redisFor();
  const [a, b] = [await serverOn(redis), await serverOn(redis)];
  const { access_token: token } = await passwordLogin(a.call);
  const [reader, writer] = [await dial(a, token, 'reader'), await dial(b, token, 'writer')];
  await reader.subscribe('kept', null);
  for (let n = 1; n <= 50; n += 1) await writer.publish('kept', `kept-${n}`, n);
  await redis.restart();
  await expect.poll(() => readiness(b), { timeout: 10_000 }).toBe(200);
  await expect.poll(() => readiness(a), { timeout: 10_000 }).toBe(200);
  for (let n = 51; n <= 60; n += 1) await writer.publish('kept', `kept-${n}`, n);
  await reader.reach('kept', 60);
  expect(reader.events('kept').map(({ data }) => data)).toEqual(Array.from({ length: 60 }, (_, n) => n + 1));
  expect(reader.frames.filter(([kind]) => kind === 'gap')).toEqual([]);
  const forks = reader.frames.flatMap((frame) => (frame[0] === 'fork' ? [frame[4]] : []));
  expect(forks, 'the restart began an epoch, and lost nothing').toEqual([50]);
  reader.close();
  writer.close();
});

test('knows what a replica that was behind has lost, and what it has not', async () => {
  const master = await redisFor();
  const replica = await redisFor(['--replicaof', `127.0.0.1 ${master.port}`]);
  const before = await storageOn(master);
  const append = (storage: SharedStorage, n: number) =>
    storage.topicLog.append({ owner: 'ann', topic: 't', json: String(n), id: `id-${n}` });
  for (let n = 1; n <= 3; n += 1) await append(before, n);
  const epoch = (await before.topicLog.head('ann', 't')).epoch;
  await expect.poll(() => replica.command('KEYS *log:t'), { timeout: 10_000 }).toContain('log:t');
  expect(await master.command('WAIT 1 5000')).toContain(':1');
  await replica.command('REPLICAOF NO ONE');
  for (let n = 4; n <= 5; n += 1) await append(before, n);

  const after = await storageOn(replica);
  expect(await after.topicLog.read('ann', 't', 0, 9)).toHaveLength(3);
  expect(resumeFrom(await after.topicLog.head('ann', 't'), { epoch, offset: 5 })).toMatchObject({ gap: { to: 0 } });
  expect(await append(after, 6)).toMatchObject({ offset: 4 });
  const head = await after.topicLog.head('ann', 't');
  expect(head).toMatchObject({ offset: 4, forks: [{ epoch, ended: 3 }] });
  expect(resumeFrom(head, { epoch, offset: 3 }), 'has lost nothing').toMatchObject({ resumed: true });
  const behind = resumeFrom(head, { epoch, offset: 5 });
  expect(behind).toMatchObject({ resumed: false, cursor: { offset: 3 }, fork: { ended: 3 }, gap: { to: 0 } });
  expect(await append(after, 4), 'the publisher repeats what was not acknowledged').toMatchObject({ offset: 5 });
});

test('acknowledges no message that no replica has, when the address requires one', async () => {
  const master = await redisFor();
  const storage = await storageOn(master, '?replicas=1');
  const event = { owner: 'ann', topic: 't', json: '1', id: 'one' };
  await expect(storage.topicLog.append(event)).rejects.toThrow(StoreUnavailable);
  await redisFor(['--replicaof', `127.0.0.1 ${master.port}`]);
  const appendAgain = () =>
    storage.topicLog.append(event).then(
      ({ offset } = { epoch: '', offset: 0 }) => offset,
      () => 0,
    );
  await expect.poll(appendAgain, { timeout: 45_000 }).toBe(1);
});
