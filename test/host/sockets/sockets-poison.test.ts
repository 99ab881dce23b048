import 'fake-indexeddb/auto';
import { once } from 'node:events';
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buildSchema, execute, subscribe as subscribeTo, validate } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { Server } from 'socket.io';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { graphqlTransportWs, socketIo } from '../../../src/core/codecs/optional-codecs.ts';
import { startHost, type TestHost } from './sockets-world.ts';

/* Invariant 16 against real servers that take at most 16 kB: one tab sends 20 kB, and the other one notices nothing. */

const MAX_BYTES = 16_384;
const BIG = 'x'.repeat(20_000);
const GRAPHQL = '/graphql';
const SOCKET_IO = '/socket.io/?EIO=4&transport=websocket';

let http: HttpServer;
let io: Server | undefined;
let it: TestHost;
let dials = 0;
let ticking: NodeJS.Timeout;
const listeners = new Set<() => void>();

const untilTick = (): Promise<void> => new Promise((resolve) => listeners.add(resolve));
const tick = (): void => {
  for (const wake of listeners) wake();
  listeners.clear();
  io?.emit('tick');
};

beforeEach(async () => {
  ticking = setInterval(() => tick(), 20);
  http = createServer((_, response) => response.end('{"ticket":"abc","expires_in":30}')).listen(0, '127.0.0.1');
  await once(http, 'listening');
  const upgrades = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_BYTES,
    handleProtocols: () => 'graphql-transport-ws',
  });
  const schema = buildSchema('type Query { echo(text: String): String } type Subscription { tick: Int }');
  async function* ticks() {
    for (;;) {
      await untilTick();
      yield { tick: 1 };
    }
  }
  // Vitest and graphql-ws load two copies of graphql, which share no class.
  const engine = { execute, subscribe: subscribeTo, validate };
  useServer({ schema, ...engine, roots: { query: { echo: () => 'x' }, subscription: { tick: ticks } } }, upgrades);
  http.on('upgrade', (request, socket, head) => {
    dials += 1;
    if (!request.url?.startsWith(GRAPHQL)) return;
    upgrades.handleUpgrade(request, socket, head, (ws) => {
      ws.on('error', () => undefined);
      upgrades.emit('connection', ws, request);
    });
  });
  const options = { transports: ['websocket' as const], serveClient: false, destroyUpgrade: false };
  io = new Server(http, { ...options, maxHttpBufferSize: MAX_BYTES, connectionStateRecovery: {} });
  io.on('connection', (socket) => socket.on('say', (_text, reply: (answer: string) => void) => reply('ok')));
  const ticket = { url: '/ticket', method: 'POST', carry: 'protocol' } as const;
  const { port } = http.address() as AddressInfo;
  it = startHost(
    { origin: `http://127.0.0.1:${port}` },
    {
      config: [
        { url: GRAPHQL, codec: 'graphql-transport-ws', ticket },
        { url: SOCKET_IO, codec: 'socket.io', ticket },
      ],
      codecs: [graphqlTransportWs, socketIo],
    },
  );
  it.sockets.session({ generation: 1, sub: 'u' });
  for (const tab of ['a', 'b']) it.sockets.tabArrived(tab, []);
});

afterEach(async () => {
  clearInterval(ticking);
  it.sockets.session({ generation: undefined });
  for (const tab of ['a', 'b']) it.sockets.tabLeft(tab);
  await io?.close();
  http.closeAllConnections();
});

const open = async (tab: string, url: string): Promise<void> => {
  it.sockets.fromTab(tab, { type: 'socket-open', socket: tab, url, protocols: [], again: null });
  await it.until(() => it.of(tab, 'socket-opened').length > 0, `${tab} open`);
};
const send = (tab: string, data: string) => it.sockets.fromTab(tab, { type: 'socket-send', socket: tab, data });
const received = (tab: string, part: string): number =>
  it
    .of(tab, 'socket-messages')
    .flatMap(({ run }) => run.data)
    .filter((data) => String(data).includes(part)).length;
const receives = (tab: string, part: string, count: number) =>
  it.until(() => received(tab, part) >= count, `${tab} receives ${count} of ${part}`);
const subscribe = (id: string, query: string, variables = {}) =>
  JSON.stringify({ id, type: 'subscribe', payload: { query, variables } });

test('graphql-transport-ws: a query that the server closes on ends with an error in its own tab [poison-real-servers]', async () => {
  for (const tab of ['a', 'b']) {
    await open(tab, GRAPHQL);
    send(tab, '{"type":"connection_init"}');
    await receives(tab, 'connection_ack', 1);
    send(tab, subscribe('t', 'subscription { tick }'));
  }
  await receives('a', '"tick"', 1);
  await receives('b', '"tick"', 1);
  const before = dials;
  send('a', subscribe('big', 'query ($t: String) { echo(text: $t) }', { t: BIG }));
  await receives('a', '"id":"big","type":"error"', 1);
  for (const tab of ['a', 'b']) await receives(tab, '"tick"', received(tab, '"tick"') + 2);
  expect([it.of('a', 'socket-closed'), it.of('b', 'socket-closed')]).toEqual([[], []]);
  expect(dials - before).toBeLessThanOrEqual(2);
});

test('socket.io: an emit that the server closes on closes the socket of its own tab', async () => {
  for (const tab of ['a', 'b']) {
    await open(tab, SOCKET_IO);
    send(tab, '40');
    await receives(tab, '40{', 1);
  }
  // A server can recover a connection that has received an event.
  for (const tab of ['a', 'b']) await receives(tab, '"tick"', 1);
  send('a', '421["say","small"]');
  await receives('a', '431["ok"]', 1);
  const before = dials;
  send('a', `422["say","${BIG}"]`);
  expect(await it.until(() => it.of('a', 'socket-closed')[0], 'closed')).toMatchObject({ code: 1009 });
  await expect.poll(() => dials).toBe(before + 1);
  send('b', '423["say","small"]');
  await receives('b', '433["ok"]', 1);
  await receives('b', '"tick"', received('b', '"tick"') + 1);
  expect(it.of('b', 'socket-closed')).toEqual([]);
});
