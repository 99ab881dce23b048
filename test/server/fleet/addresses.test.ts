import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createCertificate } from '../../../lab/proxy/http/certificate.ts';
import { freePortPair } from '../../../scripts/process/free-port.ts';
import { startRedis, type RedisProcess } from '../../../scripts/redis/start-redis.ts';
import { noticeText } from '../../../server/data-folder/operator-notice.ts';
import { parseStoreAddress } from '../../../server/redis/engine/address.ts';
import { openRedisStorage, type SharedStorage } from '../../../server/redis/redis-storage.ts';
import { TEST_SECRET } from '../../support/server/test-secret.ts';
import { startProcess } from '../support/process.ts';
import { startSentinel } from '../../../scripts/redis/start-sentinel.ts';
import { passwordLogin } from '../support/start.ts';

/* Each form of an address, against a real engine. */

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

const redisFor = async (args: readonly string[] = []): Promise<RedisProcess> => {
  const redis = await startRedis(args);
  cleanups.push(redis.stop);
  return redis;
};

const open = async (url: string): Promise<SharedStorage & { notices: string[] }> => {
  const notices: string[] = [];
  const storage = await openRedisStorage({
    ...{ address: parseStoreAddress(url), secret: TEST_SECRET, adoptEmptyStore: true },
    notify: (notice) => notices.push(noticeText(notice)),
  });
  cleanups.push(storage.close);
  return { ...storage, notices };
};

/** Everything that an instance does with its store, in one round. */
const use = async (storage: SharedStorage): Promise<void> => {
  const { store, once, collection, topicLog, rates, bus } = storage;
  await store.put('password-family/one', { n: 1 }, { durable: true, ttlMs: 60_000 });
  expect(await store.get('password-family/one')).toEqual({ n: 1 });
  expect(await store.update(['note/ann/1', 'note-counter/ann'], () => ({ result: 'read' }))).toBe('read');
  expect(await once.take('jti/one', 60_000)).toBe(true);
  expect(await once.take('jti/one', 60_000)).toBe(false);
  await collection.add('grant/one', { member: 'token', value: 'x' }, 60_000);
  expect(await collection.all('grant/one')).toHaveLength(1);
  expect(await rates?.take('some', { burst: 1, refillMs: 60_000 })).toBe(0);
  const unitMs = { unitMs: 1, burstMs: 1_000, earlyMs: 0, keepMs: 1_000 };
  expect(await rates?.admit('client', unitMs)).toBe(0);
  const received = new Promise<string>((done) => void bus.subscribe('some-channel', done));
  const offsets: number[] = [];
  topicLog.onEvent(({ offset }) => offsets.push(offset));
  const stop = await topicLog.follow('ann');
  for (const n of [1, 2, 3]) expect(await topicLog.append({ owner: 'ann', topic: 't', json: `${n}` })).toBeDefined();
  await expect.poll(() => offsets).toEqual([1, 2, 3]);
  stop();
  await expect
    .poll(async () => {
      await bus.publish('some-channel', 'hello');
      return Promise.race([received, Promise.resolve('nothing yet')]);
    })
    .toBe('hello');
};

test('serves over TLS when Node trusts its authority, and says why when it does not', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'keeper-tls-'));
  cleanups.push(() => rmSync(dir, { recursive: true, force: true }));
  const { key, cert } = await createCertificate('localhost');
  writeFileSync(join(dir, 'key.pem'), key);
  writeFileSync(join(dir, 'cert.pem'), cert);
  const port = await freePortPair();
  const files = ['--tls-cert-file', join(dir, 'cert.pem'), '--tls-key-file', join(dir, 'key.pem')];
  await redisFor(['--tls-port', String(port), '--tls-auth-clients', 'no', '--tls-ca-cert-dir', dir, ...files]);
  const store = `rediss://localhost:${port}`;

  const env = { PORT: '0', STORE: store, DATA_DIR: join(dir, 'data'), NODE_EXTRA_CA_CERTS: join(dir, 'cert.pem') };
  const server = await startProcess(env, ['--adopt-empty-store']);
  cleanups.push(() => server.kill('SIGKILL'));
  expect((await passwordLogin(server.call)).token_type).toBe('Bearer');

  const { notices, isUp } = await open(store);
  expect(isUp?.()).toBe(false);
  expect(notices).toEqual([expect.stringMatching(/^The store cannot be reached: .*self-signed certificate/)]);
});

/** The answers to a command that succeeds, and to the `QUIT` after it. */
const DONE = /^\+OK\r\n\+OK/;

/** What docs/reference/shared-store.md says of the user of the store. */
const RIGHTS = '~sk:* &sk:* -@all +@read +@write +@connection +@scripting +@pubsub +@transaction +info +time';

test('needs no more rights than the reference names, and says what is refused', async () => {
  const redis = await redisFor();
  expect(await redis.command(`ACL SETUSER keeper on >p@ss:w%rd ${RIGHTS}`)).toMatch(DONE);
  await redis.command('ACL SETUSER default off');
  const url = (password: string) => redis.url.replace('redis://', `redis://keeper:${encodeURIComponent(password)}@`);
  await use(await open(url('p@ss:w%rd')));
  const { notices } = await open(url('wrong'));
  expect(notices).toEqual([expect.stringMatching(/^The store cannot be reached: WRONGPASS/)]);
  expect(notices.join(' ')).not.toContain('wrong ');
});

test('follows the master that the sentinels name, with passwords for both', async () => {
  const secrets = ['--requirepass', 'of the engine', '--masterauth', 'of the engine'];
  const master = await redisFor(secrets);
  const replica = await redisFor([...secrets, '--replicaof', `127.0.0.1 ${master.port}`, ...AT_ONCE]);
  const sentinel = await startSentinel('main', master.port, [
    'sentinel auth-pass main "of the engine"',
    'requirepass "of the sentinel"',
  ]);
  cleanups.push(sentinel.stop);
  const settings = 'sentinelPassword=of+the+sentinel&replicas=1';
  const storage = await open(`redis+sentinel://:of%20the%20engine@127.0.0.1:${sentinel.port}/main?${settings}`);
  const write = (n: number): Promise<number> =>
    storage.topicLog.append({ owner: 'ann', topic: 't', json: `${n}`, id: `id-${n}` }).then(
      (appended) => appended?.offset ?? 0,
      () => 0,
    );
  await expect.poll(() => write(1), { timeout: 30_000 }).toBe(1);
  // The sentinel learns of replicas from the master, every ten seconds.
  const knows = () => sentinelKnows(sentinel.port, 'of the sentinel');
  await expect.poll(knows, { timeout: 30_000 }).toContain(String(replica.port));
  await master.kill();
  const after = async () => (await storage.store.get('some').then(() => storage.topicLog.head('ann', 't'))).offset;
  await expect.poll(() => after().catch(() => 0), { timeout: 45_000 }).toBe(1);
  // On a slow machine a connection may be away for a moment once more.
  const refusal = (): Promise<string> =>
    storage.topicLog.append({ owner: 'ann', topic: 't', json: '2', id: 'two' }).then(
      () => 'written',
      (error: unknown) => String(error),
    );
  await expect.poll(refusal, { timeout: 30_000 }).toContain('Only 0 of 1 replicas');
  expect(storage.notices).toContain('The store can be reached again.');
});

const sentinelKnows = async (port: number, password: string): Promise<string> => {
  const { createClient } = await import('@redis/client');
  const client = createClient({ socket: { host: '127.0.0.1', port }, password });
  client.on('error', () => undefined);
  await client.connect();
  const found = JSON.stringify(await client.sendCommand(['SENTINEL', 'replicas', 'main']));
  client.destroy();
  return found;
};

/** Without it, a master waits for further replicas before it sends its data. */
const AT_ONCE = ['--repl-diskless-sync-delay', '0'];

/** Two masters with half of the slots each. */
const startCluster = async (): Promise<RedisProcess[]> => {
  const buses = [await freePortPair(), await freePortPair()];
  const nodes = await Promise.all(
    buses.map((bus) => redisFor(['--cluster-enabled', 'yes', '--cluster-port', String(bus)])),
  );
  const [first, second] = nodes;
  await first?.command('CLUSTER ADDSLOTSRANGE 0 8191');
  await second?.command('CLUSTER ADDSLOTSRANGE 8192 16383');
  await first?.command(`CLUSTER MEET 127.0.0.1 ${second?.port} ${buses[1]}`);
  const states = () => Promise.all(nodes.map((node) => node.command('CLUSTER INFO')));
  const ok = expect.stringContaining('cluster_state:ok') as string;
  await expect.poll(states, { timeout: 30_000 }).toEqual([ok, ok]);
  return nodes;
};

test('works on a cluster, whose nodes have a part of the keys each', async () => {
  const nodes = await startCluster();
  const storage = await open(`redis+cluster://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}`);
  await expect.poll(() => storage.isUp?.(), { timeout: 15_000 }).toBe(true);
  await use(storage);
  for (let n = 0; n < 12; n += 1)
    expect(await storage.topicLog.append({ owner: `owner-${n}`, topic: 't', json: '1' })).toMatchObject({ offset: 1 });
  const sizes = await Promise.all(nodes.map((node) => node.command('DBSIZE')));
  expect(sizes.every((size) => !size.startsWith(':0'))).toBe(true);

  const { store } = storage;
  const names = Array.from({ length: 20 }, (_, n) => `ended/${n}`);
  await Promise.all([...names, 'kept/1'].map((name) => store.put(name, 1)));
  await store.deleteAll('ended/');
  expect(await Promise.all(names.map((name) => store.get(name)))).toEqual(names.map(() => undefined));
  expect(await store.get('kept/1')).toBe(1);
});

test.each([
  ['redis://localhost?replica=1', 'the unknown setting "replica"'],
  ['redis://localhost?replicas=x', 'a replicas that is no number'],
  ['redis://user:50%@localhost', 'written as %25'],
  ['redis+cluster://localhost/1', 'a cluster has only number 0'],
  ['redis+cluster://localhost?replicas=1', 'cannot promise replicas'],
  ['redis+sentinel://localhost', 'no name of a master'],
  ['redis://user:secret@localhost:99999', 'no host:port'],
])('refuses the address %s', (address, reason) => {
  expect(() => parseStoreAddress(address)).toThrow(reason);
  expect(() => parseStoreAddress(address)).not.toThrow('secret');
});
