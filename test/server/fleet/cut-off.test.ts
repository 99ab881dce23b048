import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { drainWithoutStore } from '../../../server/redis/drain-without-store.ts';
import { bearer, passwordLogin, startTestServer, temporaryDir, type TestServer } from '../support/start.ts';
import { dial } from '../support/hub-client.ts';

/* One instance that cannot reach the store, while the others can. */

const { dir, remove } = temporaryDir();
const store = new URL(process.env['TEST_STORE'] ?? '');
const connections = new Set<Socket>();
let isCut = false;
let wire: Server;
let near: TestServer;
let far: TestServer;

/** The network between one instance and the store. */
const startWire = async (): Promise<number> => {
  wire = createServer((socket) => {
    const onward = connect(Number(store.port), store.hostname);
    for (const [one, other] of [[socket, onward] as const, [onward, socket] as const]) {
      connections.add(one);
      one.on('error', () => undefined);
      one.once('close', () => other.destroy());
      // A cut network says nothing: no byte arrives, and no connection ends.
      one.on('data', (bytes) => isCut || other.write(bytes));
    }
  }).listen(0, '127.0.0.1');
  await once(wire, 'listening');
  return (wire.address() as AddressInfo).port;
};

beforeAll(async () => {
  const port = await startWire();
  near = await startTestServer({ dataDir: dir, store: `${store.href}?prefix=cut:`, adoptEmptyStore: true });
  far = await startTestServer({ dataDir: dir, store: `redis://127.0.0.1:${port}?prefix=cut:` });
});
afterEach(() => {
  vi.useRealTimers();
});
afterAll(async () => {
  isCut = false;
  await Promise.all([near.stop(), far.stop()]);
  for (const connection of connections) connection.destroy();
  wire.close();
  remove();
});

const readiness = async (server: TestServer): Promise<number> => (await server.call('/readyz')).status;

test('is not ready while it is cut off, signs no one out, and then has missed nothing', async () => {
  const { access_token: token } = await passwordLogin(near.call);
  const [reader, writer] = [await dial(far, token, 'reader'), await dial(near, token, 'writer')];
  await reader.subscribe('cut', null);
  isCut = true;
  await expect.poll(() => readiness(far), { timeout: 20_000 }).toBe(503);
  expect(await readiness(near)).toBe(200);
  expect((await far.call('/api/v1/auth/whoami', { headers: bearer(token) })).status).toBe(503);
  for (let n = 1; n <= 20; n += 1) await writer.publish('cut', `cut-${n}`, n);
  expect(reader.ws.readyState, 'the socket stays open for a while').toBe(reader.ws.OPEN);
  isCut = false;
  await reader.reach('cut', 20);
  expect(reader.events('cut').map(({ data }) => data)).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
  await expect.poll(() => readiness(far), { timeout: 20_000 }).toBe(200);
  reader.close();
  writer.close();
});

test('sends its sockets elsewhere once after 30 seconds, and again after the next outage', () => {
  vi.useFakeTimers();
  let isUp = true;
  let drains = 0;
  const stop = drainWithoutStore(
    { isUp: () => isUp },
    () => (drains += 1),
    () => Date.now(),
  );
  isUp = false;
  vi.advanceTimersByTime(29_000);
  expect(drains).toBe(0);
  vi.advanceTimersByTime(60_000);
  expect(drains).toBe(1);
  isUp = true;
  vi.advanceTimersByTime(2_000);
  isUp = false;
  vi.advanceTimersByTime(40_000);
  expect(drains).toBe(2);
  stop();
});
