import 'fake-indexeddb/auto';
import { setTimeout as rest } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { markdownTable, writeFigures } from '../scripts/docs/figures.ts';
import { BUILT_IN_CODECS } from '../src/host/sockets/shared-sockets.ts';
import { createSockets, type Sockets } from '../src/host/sockets/sockets.ts';
import { createOutboxStore } from '../src/host/storage/outbox-store.ts';
import { systemClock } from '../src/host/runtime/clock.ts';
import type { PortFrame } from '../src/protocol/bridge/port-frames.ts';
import type { SocketConfig } from '../src/protocol/config.ts';
import * as optionalCodecs from '../src/core/optional-codecs/optional-codecs.ts';
import { OPTIONAL_SOCKETS, startCodecServers } from '../test/host/sockets/codec-servers.ts';
import { CONFIG, maker, startTestServer } from '../test/host/sockets/sockets-world.ts';

/*
 * Measures how soon a tab receives messages again after the server has cut a stable connection, for each codec. The host,
 * the codecs, the tickets and the servers are real. Everything runs in this process, over loopback.
 */

/** `npm run bench:recovery -- --rounds N`. `--docs` writes the figures into the documents. */
const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '10' }, docs: { type: 'boolean', default: false } },
});
const ROUNDS = Number(values.rounds);
const BOUND_MS = 250;
/** A connection counts as stable after 5 s. */
const SETTLED_MS = 5_200;
const MAX_BYTES = 1_000_000;
const GIVE_UP_MS = 10_000;
const TICK_MS = 20;

const STREAM = '/api/events?as=broadcast';
const PRIVATE = '/echo';
const [{ url: GRAPHQL }, { url: SOCKET_IO }, { url: PHOENIX }, { url: CENTRIFUGE }] = OPTIONAL_SOCKETS;
const KINDS = [...BUILT_IN_CODECS, ...Object.values(optionalCodecs)];
const own = await startTestServer();
const others = await startCodecServers(MAX_BYTES);
const ticket = { url: '/api/auth/token', method: 'GET', carry: 'query' } as const;

/** How many ticks the tab has received, by the URL of its socket, or by the topic. */
const received = new Map<string, number>();
const opened = new Set<string>();

const onFrame = (host: Sockets, frame: PortFrame): void => {
  if (frame.type === 'event') received.set(frame.topic, (received.get(frame.topic) ?? 0) + 1);
  if (frame.type === 'socket-opened') opened.add(frame.socket);
  if (
    frame.type === 'socket-messages' &&
    frame.run.data.some((data) => typeof data === 'string' && data.includes('tick'))
  )
    received.set(frame.socket, (received.get(frame.socket) ?? 0) + 1);
  // A private socket closes with its connection. Its client opens the next one at once.
  if (frame.type === 'socket-closed') open(host, frame.socket);
};

const startSockets = (origin: string, config: readonly SocketConfig[]): Sockets => {
  const host = createSockets({
    config,
    codecs: KINDS,
    origin,
    clock: systemClock,
    random: Math.random,
    identity: { host: 'bench', epoch: 1 },
    leaveOtherLineage: async () => false,
    request: (url, init) => fetch(new URL(url, origin), init),
    outbox: createOutboxStore(),
    deliver: (_tab, frames) => frames.forEach((frame) => onFrame(host, frame)),
    onChange: () => undefined,
    onUnauthorized: () => undefined,
    journal: () => undefined,
    WebSocket: maker,
  });
  host.session({ generation: 1, sub: 'u' });
  host.tabArrived('a', []);
  return host;
};
const open = (host: Sockets, url: string): void =>
  host.fromTab('a', { type: 'socket-open', socket: url, url, protocols: [], again: null });
const send = (host: Sockets, url: string, data: string): void =>
  host.fromTab('a', { type: 'socket-send', socket: url, data });

const first = startSockets(own.origin, [...CONFIG, { url: STREAM, codec: 'broadcast', ticket }]);
const second = startSockets(others.origin, OPTIONAL_SOCKETS);
let isTicking = true;
setInterval(() => {
  if (!isTicking) return;
  own.say('ticks');
  own.broadcast('tick');
  send(first, PRIVATE, 'tick');
}, TICK_MS).unref();

first.fromTab('a', { type: 'join', topic: 'ticks', cursor: null });
for (const url of ['/api/events', STREAM, PRIVATE]) open(first, url);
for (const { url } of OPTIONAL_SOCKETS) open(second, url);
while (opened.size < 3 + OPTIONAL_SOCKETS.length) await rest(TICK_MS);
send(second, GRAPHQL, '{"type":"connection_init"}');
send(second, SOCKET_IO, '40');
send(second, PHOENIX, '["1","1","room:1","phx_join",{}]');
send(second, CENTRIFUGE, '{"id":1,"connect":{}}\n{"id":2,"subscribe":{"channel":"ticks"}}');
await rest(200);
send(second, GRAPHQL, '{"id":"1","type":"subscribe","payload":{"query":"subscription { tick }"}}');

const CODECS = [
  ['keeper.1', 'ticks'],
  ['json-ping', '/api/events'],
  ['broadcast', STREAM],
  ['graphql-transport-ws', GRAPHQL],
  ['socket.io', SOCKET_IO],
  ['phoenix', PHOENIX],
  ['centrifuge', CENTRIFUGE],
  ['private', PRIVATE],
] as const;
const missing = KINDS.filter(({ name }) => !CODECS.some(([measured]) => measured === name));
if (missing.length > 0) throw new Error(`No measurement for ${missing.map(({ name }) => name).join(', ')}.`);

const receivedAfter = async (key: string, since: number): Promise<number> => {
  const before = received.get(key);
  while (received.get(key) === before) {
    if (performance.now() - since > GIVE_UP_MS) return Infinity;
    await rest(1);
  }
  return performance.now() - since;
};

const results = new Map<string, number[]>(CODECS.map(([name]) => [name, []]));
for (let round = 0; round < ROUNDS; round += 1) {
  await rest(SETTLED_MS);
  isTicking = false;
  await rest(2 * TICK_MS);
  const since = performance.now();
  own.cut();
  others.cut();
  isTicking = true;
  await Promise.all(CODECS.map(async ([name, key]) => results.get(name)?.push(await receivedAfter(key, since))));
}

let isOver = false;
const rows = [['codec', 'fastest', 'median', `slowest of ${ROUNDS}`]];
for (const [name, times] of results) {
  const sorted = times.toSorted((a, b) => a - b);
  const [least, most] = [sorted[0] ?? 0, sorted.at(-1) ?? Infinity];
  isOver ||= most > BOUND_MS;
  const verdict = most > BOUND_MS ? 'OVER' : 'ok';
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const numbers = [least, median, most].map((ms) => String(Math.round(ms)));
  rows.push([`\`${name}\``, ...numbers.map((number) => `${number} ms`)]);
  console.log(
    `${name.padEnd(24)}${numbers.join(' / ')} ms (min / median / max of ${times.length}), at most ${BOUND_MS} ms: ${verdict}`,
  );
}
console.log(isOver ? 'over the bound' : `all codecs are back within ${BOUND_MS} ms`);
if (values.docs) await writeFigures({ name: 'recovery', command: 'npm run bench:recovery', body: markdownTable(rows) });
process.exit(isOver ? 1 : 0);
