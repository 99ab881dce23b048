import 'fake-indexeddb/auto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import * as optionalCodecs from '../../../src/core/optional-codecs/optional-codecs.ts';
import { OPTIONAL_SOCKETS, startCodecServers, type CodecServers } from './codec-servers.ts';
import { startHost, type TestHost } from './sockets-world.ts';

/* Invariant 16 against real servers that take at most 16 kB: one tab sends 20 kB, and the other one notices nothing. */

const BIG = 'x'.repeat(20_000);
const [{ url: GRAPHQL }, { url: SOCKET_IO }, { url: PHOENIX }, { url: CENTRIFUGE }] = OPTIONAL_SOCKETS;

let servers: CodecServers;
let it: TestHost;

beforeEach(async () => {
  servers = await startCodecServers(16_384);
  it = startHost(servers, { config: OPTIONAL_SOCKETS, codecs: Object.values(optionalCodecs) });
  it.sockets.session({ generation: 1, sub: 'u' });
  for (const tab of ['a', 'b']) it.sockets.tabArrived(tab, []);
});

afterEach(async () => {
  it.sockets.session({ generation: undefined });
  for (const tab of ['a', 'b']) it.sockets.tabLeft(tab);
  await servers.stop();
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
  const before = servers.dials();
  send('a', subscribe('big', 'query ($t: String) { echo(text: $t) }', { t: BIG }));
  await receives('a', '"id":"big","type":"error"', 1);
  for (const tab of ['a', 'b']) await receives(tab, '"tick"', received(tab, '"tick"') + 2);
  expect([it.of('a', 'socket-closed'), it.of('b', 'socket-closed')]).toEqual([[], []]);
  expect(servers.dials() - before).toBeLessThanOrEqual(2);
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
  const before = servers.dials();
  send('a', `422["say","${BIG}"]`);
  expect(await it.until(() => it.of('a', 'socket-closed')[0], 'closed')).toMatchObject({ code: 1009 });
  await expect.poll(servers.dials).toBe(before + 1);
  send('b', '423["say","small"]');
  await receives('b', '433["ok"]', 1);
  await receives('b', '"tick"', received('b', '"tick"') + 1);
  expect(it.of('b', 'socket-closed')).toEqual([]);
});

test('phoenix: a join that the server closes on gets an error in its own tab', async () => {
  for (const tab of ['a', 'b']) {
    await open(tab, PHOENIX);
    send(tab, '["1","1","room:1","phx_join",{}]');
    await receives(tab, '"tick"', 1);
  }
  const before = servers.dials();
  send('a', JSON.stringify(['2', '2', 'room:2', 'phx_join', { text: BIG }]));
  await receives('a', '["2","2","room:2","phx_reply",{"status":"error"', 1);
  for (const tab of ['a', 'b']) await receives(tab, '"tick"', received(tab, '"tick"') + 2);
  expect([it.of('a', 'socket-closed'), it.of('b', 'socket-closed')]).toEqual([[], []]);
  expect(servers.dials() - before).toBeLessThanOrEqual(2);
});

test('centrifuge: a publication that the server closes on gets an error in its own tab, and the other misses nothing', async () => {
  for (const tab of ['a', 'b']) {
    await open(tab, CENTRIFUGE);
    send(tab, '{"id":1,"connect":{}}');
    send(tab, '{"id":2,"subscribe":{"channel":"ticks"}}');
    await receives(tab, '"tick"', 1);
  }
  const before = servers.dials();
  send('a', JSON.stringify({ id: 3, publish: { channel: 'x', data: BIG } }));
  await receives('a', '{"id":3,"error":', 1);
  for (const tab of ['a', 'b']) await receives(tab, '"tick"', received(tab, '"tick"') + 5);
  expect([it.of('a', 'socket-closed'), it.of('b', 'socket-closed')]).toEqual([[], []]);
  expect(servers.dials() - before).toBeLessThanOrEqual(2);
  const offsets = it
    .of('b', 'socket-messages')
    .flatMap(({ run }) => run.data)
    .flatMap((data) => [...String(data).matchAll(/"data":"tick","offset":(\d+)/g)].map(([, offset]) => Number(offset)));
  expect(offsets).toEqual(offsets.map((_, index) => (offsets[0] ?? 0) + index));
});
