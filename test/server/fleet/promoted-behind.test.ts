import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { startRedis, type RedisProcess } from '../../../scripts/redis/start-redis.ts';
import { dial } from '../support/hub-client.ts';
import { bearer, passwordLogin, startTestServer, type TestServer } from '../support/start.ts';

/* A replica that lacks the last messages becomes the store, while sockets are open: docs/reference/shared-store.md. */

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

const redisFor = async (args: readonly string[] = []): Promise<RedisProcess> => {
  const redis = await startRedis(args);
  cleanups.push(redis.stop);
  return redis;
};

/** The address of the store, as a name that is moved from one machine to another. */
const startAddress = async (first: number): Promise<{ port: number; moveTo(port: number): void }> => {
  const sockets = new Set<Socket>();
  let target = first;
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1');
    for (const [one, other] of [[near, far] as const, [far, near] as const]) {
      sockets.add(one);
      one.on('error', () => undefined);
      one.once('close', () => other.destroy());
      one.pipe(other);
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const end = (): void => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  cleanups.push(() => {
    end();
    server.close();
  });
  return {
    port: (server.address() as AddressInfo).port,
    moveTo(port) {
      target = port;
      end();
    },
  };
};

const serverAt = async (port: number, adoptEmptyStore: boolean): Promise<TestServer> => {
  const server = await startTestServer({ store: `redis://127.0.0.1:${port}`, adoptEmptyStore, logLevel: 'silent' });
  cleanups.push(server.stop);
  return server;
};

test('reports to open sockets which messages a promoted replica lacks, and signs no one out', async () => {
  const master = await redisFor();
  const replica = await redisFor(['--replicaof', `127.0.0.1 ${master.port}`]);
  const address = await startAddress(master.port);
  const [a, b] = [await serverAt(address.port, true), await serverAt(address.port, false)];
  const { access_token: token, refresh_token } = await passwordLogin(a.call);
  const [reader, writer] = [await dial(a, token, 'reader'), await dial(b, token, 'writer')];
  await reader.subscribe('news', null);
  for (let n = 1; n <= 3; n += 1) await writer.publish('news', `news-${n}`, n);
  expect(await master.command('WAIT 1 5000')).toContain(':1');

  await replica.command('REPLICAOF NO ONE');
  for (let n = 4; n <= 5; n += 1) await writer.publish('news', `news-${n}`, n);
  await reader.reach('news', 5);
  address.moveTo(replica.port);

  for (const server of [a, b])
    await expect.poll(async () => (await server.call('/readyz')).status, { timeout: 10_000 }).toBe(200);
  // The next event begins an epoch, and with it comes the news of the end of the last one.
  await writer.publish('news', 'news-6', 6);
  const fork = await reader.until((frame) => (frame[0] === 'fork' ? frame : undefined));
  expect(fork[4], 'the last message that both have').toBe(3);
  const offset = await reader.until((frame) => (frame[0] === 'ev' && frame[4] === 6 ? frame[3] : undefined));
  expect(offset, 'which another message had').toBe(4);
  expect((await a.call('/api/v1/auth/whoami', { headers: bearer(token) })).status).toBe(200);
  expect((await b.call('/api/v1/auth/refresh', { json: { refresh_token } })).status).toBe(200);
  reader.close();
  writer.close();
});
