import 'fake-indexeddb/auto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { withFreePortPair } from '../../../scripts/process/free-port.ts';
import { startServer, type RunningServer } from '../../../server/server.ts';
import { startHost, type TestHost } from './sockets-world.ts';
import { TEST_SECRET } from '../../support/server/test-secret.ts';

/* The host against the embedded server, with its tickets, socket hub, histories on disk and faults. */

let dataDir: string;
let port: number;
let server: RunningServer;
let authorization: string;
let it: TestHost;

const startAt = (free: number): Promise<RunningServer> =>
  startServer({ port: free, dataDir, secret: TEST_SECRET, faultRoutes: true, distDir: false });

const post = async (path: string, body: unknown = {}, headers: Record<string, string> = {}): Promise<unknown> => {
  const response = await fetch(new URL(path, server.url), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  expect(response.status, `${path} ${text}`).toBeLessThan(300);
  return text === '' ? undefined : JSON.parse(text);
};

const say = (topic: string, count: number) => post('/lab/publish', { topic, count, everyMs: 0 });

const host = (fence: number): TestHost =>
  startHost(
    { origin: server.url },
    {
      fence,
      request: (url, init) => fetch(new Request(new URL(url, server.url), init), { headers: { authorization } }),
    },
  );

const view = () => it.sockets.views()['/api/socket'];
const isOpen = () => it.until(() => view()?.state === 'open', 'open');
const numbers = (tab: string) =>
  it.of(tab, 'event').map(({ data }) => (typeof data === 'object' && data && 'n' in data ? data.n : undefined));
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1);

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'sockets-'));
  server = await withFreePortPair((free) => {
    port = free;
    return startAt(free);
  });
  const tokens = await post('/api/v1/auth/login', { username: 'demo', password: 'demo' });
  authorization = `Bearer ${(tokens as { access_token: string }).access_token}`;
});

afterAll(async () => {
  await server.stop();
  await rm(dataDir, { recursive: true });
});

beforeEach(() => {
  it = host(Date.now());
  it.sockets.session({ generation: 1, sub: 'demo' });
});

afterEach(async () => {
  it.sockets.session({ generation: undefined });
  it.sockets.tabLeft('t1');
  it.sockets.tabLeft('t2');
  await it.sockets.settled();
});

test('receives its own event and an acknowledgement when it publishes', async () => {
  it.sockets.tabArrived('t1', [['room', null]]);
  await it.until(() => it.of('t1', 'joined')[0], 'joined');
  await it.sockets.publish({ id: 'first', topic: 'room', data: { n: 1 } });
  await it.until(() => it.of('t1', 'acked')[0] && it.of('t1', 'event')[0], 'acked and received');
  expect(it.of('t1', 'event')[0]).toMatchObject({
    topic: 'room',
    offset: it.of('t1', 'acked')[0]?.offset,
    data: { n: 1 },
  });
  expect(view()).toMatchObject({ state: 'open', sent: 1, received: 1 });
});

test('delivers 1,000 events once and in order to both tabs through ten cuts (invariant 10)', async () => {
  it.sockets.tabArrived('t1', [['flood', null]]);
  it.sockets.tabArrived('t2', [['flood', null]]);
  await it.until(() => it.of('t1', 'joined')[0] && it.of('t2', 'joined')[0], 'joined');
  await say('flood', 100);
  for (let round = 2; round <= 10; round++) {
    await isOpen();
    const flood = say('flood', 100);
    await post('/lab/sockets/drop', {});
    await flood;
  }
  await it.until(() => it.of('t1', 'event').length === 1_000 && it.of('t2', 'event').length === 1_000, 'a thousand');
  const offsets = it.of('t1', 'event').map(({ offset }) => offset);
  expect(offsets).toEqual(upTo(1_000));
  expect(it.of('t2', 'event')).toEqual(it.of('t1', 'event'));
  expect(it.of('t1', 'gap')).toEqual([]);
  expect(view()?.resumed).toBeGreaterThan(0);
});

test('delivers each event once when tabs with older cursors attach during a replay', async () => {
  await say('late', 900);
  it.sockets.tabArrived('t1', [['late', null]]);
  const at = await it.until(() => it.of('t1', 'joined')[0]?.at, 'joined');
  it.sockets.tabArrived('t2', [['late', { ...at, offset: 500 }]]);
  await it.until(() => it.of('t2', 'event').length > 0, 'the replay began');
  it.sockets.tabArrived('t1', [['late', { ...at, offset: 0 }]]);
  await it.until(() => it.of('t1', 'event').length === 900 && it.of('t2', 'event').length === 400, 'all of it');
  expect(numbers('t1')).toEqual(upTo(900));
  expect(it.of('t2', 'gap')).toEqual([]);
});

test('reconnects and loses nothing when the server restarts', async () => {
  it.sockets.tabArrived('t1', [['restart', null]]);
  await it.until(() => it.of('t1', 'joined')[0], 'joined');
  await say('restart', 5);
  await it.until(() => it.of('t1', 'event').length === 5, 'before');
  await server.stop();
  await it.sockets.publish({ id: 'meanwhile', topic: 'restart', data: { n: 6 } });
  server = await startAt(port);
  await it.until(() => it.of('t1', 'acked')[0], 'acked');
  await it.until(() => it.of('t1', 'event').length === 6, 'after');
  expect(numbers('t1')).toEqual(upTo(6));
});

test('uses each ticket for one dial', async () => {
  it.sockets.tabArrived('t1', []);
  await isOpen();
  await post('/lab/faults', { at: 'ticket', kind: 'status', status: 503, times: 2 });
  await post('/lab/sockets/drop', {});
  await it.until(() => view()?.state === 'resting', 'resting');
  await isOpen();
  const stats = (await (await fetch(new URL('/lab/stats', server.url))).json()) as {
    ticketsMinted: number;
    ticketsUsed: number;
  };
  expect(stats.ticketsUsed).toBe(stats.ticketsMinted);
});

test('reads 4,096 topics, refuses the next one with the bound, and keeps all others over a restart of the worker [topics-4096]', async () => {
  const names = Array.from({ length: 4_096 }, (_, n) => `many-${n}`);
  it.sockets.tabArrived('t1', []);
  await isOpen();
  for (const topic of names) it.sockets.fromTab('t1', { type: 'join', topic, cursor: null });
  await it.until(() => it.of('t1', 'joined').length === names.length, 'joined all');
  it.sockets.fromTab('t1', { type: 'join', topic: 'one-more', cursor: null });
  const refused = await it.until(() => it.of('t1', 'topic-refused')[0], 'refused');
  expect(refused).toMatchObject({ topic: 'one-more', problem: { code: 'over-limit', detail: 'topics', max: 4_096 } });
  const cursors = it.of('t1', 'joined').map(({ topic, at }) => [topic, at] as const);
  it.sockets.tabLeft('t1');
  it.sockets.session({ generation: undefined });
  it = host(Date.now());
  it.sockets.session({ generation: 1, sub: 'demo' });
  it.sockets.tabArrived('t1', cursors);
  await it.until(() => it.of('t1', 'joined').length === names.length, 'joined all again');
  await say('many-4095', 1);
  await it.until(() => it.of('t1', 'event').length === 1, 'the event of the last topic');
});

test('refuses a topic with half of a surrogate pair without a word to the server [topic-surrogate]', async () => {
  it.sockets.tabArrived('t1', [['sane', null]]);
  await it.until(() => it.of('t1', 'joined').length === 1, 'joined');
  it.sockets.fromTab('t1', { type: 'join', topic: 'a\ud800', cursor: null });
  expect((await it.until(() => it.of('t1', 'topic-refused')[0], 'refused')).problem.code).toBe('bad-message');
  await say('sane', 1);
  await it.until(() => it.of('t1', 'event').length === 1, 'the other topic');
  expect(view()?.state).toBe('open');
});
