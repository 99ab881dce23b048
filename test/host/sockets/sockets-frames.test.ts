import 'fake-indexeddb/auto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startHost, startTestServer, type TestHost, type TestServer } from './sockets-world.ts';

let server: TestServer;
let it: TestHost;

const EVENTS = '/api/events';

beforeEach(async () => {
  server = await startTestServer();
  it = startHost(server);
  it.sockets.session({ generation: 1, sub: 'u' });
  it.sockets.tabArrived('t1', []);
  it.sockets.tabArrived('t2', []);
});

afterEach(async () => {
  it.sockets.session({ generation: undefined });
  it.sockets.tabLeft('t1');
  it.sockets.tabLeft('t2');
  await server.stop();
});

const open = (tab: string, socket: string, url: string, protocols: readonly string[] = []) =>
  it.sockets.fromTab(tab, { type: 'socket-open', socket, url, protocols, again: null });
const opened = (tab: string, count = 1) =>
  it.until(() => it.of(tab, 'socket-opened').length === count, `${tab} opened`);
const messages = (tab: string) => it.of(tab, 'socket-messages').flatMap(({ run }) => run.data);
const dials = (path: string) => server.dials.filter((dial) => dial === path).length;

test('opens one upstream for all tabs of a stream, named by path or by URL', async () => {
  open('t1', 's1', EVENTS);
  open('t2', 's2', `${server.origin.replace('http', 'ws')}${EVENTS}`);
  await opened('t1');
  await opened('t2');
  server.broadcast('{"type":"event","n":1}');
  await it.until(() => messages('t1').length === 1 && messages('t2').length === 1, 'both received');
  expect(messages('t2')).toEqual(['{"type":"event","n":1}']);
  expect(dials(EVENTS)).toBe(1);
  expect(it.sockets.views()[EVENTS]).toMatchObject({ state: 'open', received: 1 });
});

test('closes the socket of a tab that sends more than the server reads, and no other', async () => {
  open('t1', 's1', EVENTS);
  open('t2', 's2', EVENTS);
  await opened('t1');
  await opened('t2');
  for (const [ws, path] of server.sockets) if (path === EVENTS) ws.pause();
  const data = 'x'.repeat(100_000);
  // Far more than the system buffers for a server that reads nothing.
  for (let n = 0; n < 500; n++) it.sockets.fromTab('t1', { type: 'socket-send', socket: 's1', data });
  const [closed] = await it.until(
    () => it.of('t1', 'socket-closed').length > 0 && it.of('t1', 'socket-closed'),
    'closed',
  );
  expect(closed).toMatchObject({ socket: 's1', code: 1013, reason: 'over-limit' });
  const takenBy = (tab: string): number => it.of(tab, 'socket-taken').reduce((sum, { count }) => sum + count, 0);
  expect(takenBy('t1'), 'the tab waits').toBeLessThan(500);
  for (const ws of server.sockets.keys()) ws.resume();
  await it.until(() => takenBy('t1') === 500, 'all acknowledged');
  server.broadcast('{"type":"event","n":1}');
  await it.until(() => messages('t2').length === 1, 'received');
  expect(it.of('t2', 'socket-closed')).toEqual([]);
});

test('keeps the sockets of the tabs open while the upstream reconnects', async () => {
  open('t1', 's1', EVENTS);
  await opened('t1');
  server.cut();
  await it.until(() => it.sockets.views()[EVENTS]?.state !== 'open', 'cut');
  it.sockets.fromTab('t1', { type: 'socket-send', socket: 's1', data: 'sent while offline' });
  await it.until(
    () => it.sockets.views()[EVENTS]?.state === 'open' && it.sockets.views()[EVENTS]?.sent === 1,
    'open again',
  );
  server.broadcast('{"type":"event","n":2}');
  await it.until(() => messages('t1').length === 1, 'received');
  // The two directions of a connection have no common order.
  await it.until(() => server.received.length > 0, 'sent');
  expect(server.received).toEqual(['sent while offline']);
  expect(it.of('t1', 'socket-gap')).toEqual([{ type: 'socket-gap', socket: 's1' }]);
  expect(it.of('t1', 'socket-closed')).toEqual([]);
  expect(it.of('t1', 'socket-opened')).toHaveLength(1);
  expect(server.hub.reusedTickets).toBe(0);
});

test.each([1000, 4000])(
  'gives a close with %i to the tabs, and connects again only for a new socket [close-on-purpose]',
  async (code) => {
    open('t1', 's1', EVENTS);
    open('t2', 's2', EVENTS);
    await opened('t1');
    await opened('t2');
    for (const [ws, path] of server.sockets) if (path === EVENTS) ws.close(code, 'over');
    const closed = await it.until(() => it.of('t1', 'socket-closed')[0], 'closed');
    expect(closed).toMatchObject({ code, reason: 'over', wasClean: true });
    expect(it.of('t2', 'socket-closed')).toHaveLength(1);
    expect([it.sockets.views()[EVENTS]?.state, dials(EVENTS)]).toEqual(['parked', 1]);
    open('t1', 's3', EVENTS);
    await opened('t1', 2);
    expect(dials(EVENTS)).toBe(2);
  },
);

test('sends the pong only to the tab that sent a ping', async () => {
  open('t1', 's1', EVENTS);
  open('t2', 's2', EVENTS);
  await opened('t1');
  await opened('t2');
  it.sockets.fromTab('t1', { type: 'socket-send', socket: 's1', data: '{ "type": "ping" }' });
  await it.until(() => messages('t1').length === 1, 'pong');
  expect(messages('t1')).toEqual(['{"type":"pong"}']);
  expect(messages('t2')).toEqual([]);
});

test('sends nothing more to a tab that closed its socket', async () => {
  open('t1', 's1', EVENTS);
  open('t2', 's2', EVENTS);
  await opened('t1');
  await opened('t2');
  it.sockets.fromTab('t1', { type: 'socket-close', socket: 's1', code: 1000, reason: 'done' });
  await it.until(() => it.of('t1', 'socket-closed')[0], 'closed');
  expect(it.of('t1', 'socket-closed')).toEqual([
    { type: 'socket-closed', socket: 's1', code: 1000, reason: 'done', wasClean: true },
  ]);
  server.broadcast('{"type":"event"}');
  await it.until(() => messages('t2').length === 1, 'received');
  expect(messages('t1')).toEqual([]);
});

test('closes all sockets at sign-out, and new ones wait for a session', async () => {
  open('t1', 's1', EVENTS);
  await opened('t1');
  it.sockets.session({ generation: undefined });
  await it.until(() => it.of('t1', 'socket-closed')[0], 'closed');
  expect(it.of('t1', 'socket-closed')[0]).toMatchObject({ code: 4401, wasClean: false });
  open('t1', 's2', EVENTS);
  expect(it.sockets.views()[EVENTS]?.state).toBe('parked');
  it.sockets.session({ generation: 2, sub: 'u' });
  await opened('t1', 2);
});

test('gives a URL that is not configured its own upstream, subprotocol and close', async () => {
  open('t1', 's1', '/echo', ['chat']);
  open('t1', 's2', '/echo');
  await opened('t1', 2);
  expect(it.of('t1', 'socket-opened').find(({ socket }) => socket === 's1')?.protocol).toBe('chat');
  expect(dials('/echo')).toBe(2);
  it.sockets.fromTab('t1', { type: 'socket-send', socket: 's1', data: 'one' });
  it.sockets.fromTab('t1', { type: 'socket-send', socket: 's2', data: new Uint8Array([1, 2]).buffer });
  await it.until(() => messages('t1').length === 2, 'echoes');
  expect(it.of('t1', 'socket-messages').find(({ socket }) => socket === 's1')?.run.data).toEqual(['one']);
  const [binary] = it.of('t1', 'socket-messages').find(({ socket }) => socket === 's2')?.run.data ?? [];
  expect(binary instanceof ArrayBuffer && [...new Uint8Array(binary)]).toEqual([1, 2]);
  it.sockets.fromTab('t1', { type: 'socket-send', socket: 's1', data: 'bye' });
  await it.until(() => it.of('t1', 'socket-closed')[0], 'closed');
  expect(it.of('t1', 'socket-closed')).toEqual([
    { type: 'socket-closed', socket: 's1', code: 4321, reason: 'bye', wasClean: true },
  ]);
});

test('closes private sockets with their tab, and at once when the URL is invalid', async () => {
  open('t1', 's1', '/echo');
  await opened('t1');
  const [upstream] = [...server.sockets].filter(([, path]) => path === '/echo').map(([ws]) => ws);
  const gone = new Promise((resolve) => upstream?.once('close', resolve));
  it.sockets.tabLeft('t1');
  await gone;
  open('t2', 's3', 'http://[');
  open('t2', 's4', '/api/socket');
  await it.until(() => it.of('t2', 'socket-closed').length === 2, 'closed');
  expect(it.of('t2', 'socket-closed').map(({ socket, code }) => [socket, code])).toEqual([
    ['s3', 1006],
    ['s4', 1008],
  ]);
});
