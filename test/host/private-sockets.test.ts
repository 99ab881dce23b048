import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocketServer, type WebSocket as NodeSocket } from 'ws';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '../../src/host/runtime/clock.ts';
import { createPrivateSockets, type PrivateSockets } from '../../src/host/sockets/private-sockets.ts';
import type { PortFrame } from '../../src/protocol/bridge.ts';
import { maker } from './sockets-world.ts';

/* Sockets of tabs with an upstream each, against a real server that wants a ticket. */

const TICKET = 'single-use';
const CARRIED = `keeper.ticket.${Buffer.from(TICKET).toString('base64url')}`;

type Dial = { url: string; offered: string; ws: NodeSocket };

let http: Server;
let origin: string;
let dials: Dial[];
let answers: Response[];
let asked: string[];
let unauthorized: number[];
let frames: PortFrame[];
let sockets: PrivateSockets;
let changed: () => void;

beforeEach(async () => {
  [dials, answers, asked, unauthorized, frames] = [[], [], [], [], []];
  changed = () => undefined;
  http = createServer();
  const upgrades = new WebSocketServer({ server: http });
  upgrades.on('connection', (ws, request) => {
    dials.push({ url: request.url ?? '', offered: request.headers['sec-websocket-protocol'] ?? '', ws });
    ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
    changed();
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  sockets = createPrivateSockets({
    config: [
      { url: '/rooms/', codec: 'private', ticket: { url: '/ticket', method: 'POST', carry: 'protocol' } },
      { url: '/graphql', codec: 'graphql', ticket: { url: '/ticket', method: 'GET', carry: 'query' } },
      { url: '/old', codec: 'private', ticket: { url: '/ticket', method: 'GET', carry: 'query' } },
    ],
    origin,
    clock: systemClock,
    random: () => 0,
    WebSocket: maker,
    request: async (url, { method = 'GET' }) => {
      asked.push(`${method} ${url}`);
      return answers.shift() ?? Response.json({ ticket: TICKET, expires_in: 30 });
    },
    sendToTab: (_tab, frame) => {
      frames.push(frame);
      changed();
    },
    onUnauthorized: (generation) => unauthorized.push(generation),
  });
});

afterEach(async () => {
  sockets.tabLeft('t');
  for (const { ws } of dials) ws.terminate();
  await new Promise((resolve) => {
    http.close(resolve);
    http.closeAllConnections();
  });
});

const open = (url: string, protocols: readonly string[] = [], again: string | null = null) =>
  sockets.receive('t', { type: 'socket-open', socket: 's', url, protocols, again });
/** Resolves when it holds; looks whenever something happened. */
const until = (holds: () => boolean) =>
  new Promise<void>((resolve) => {
    changed = () => holds() && resolve();
    changed();
  });
const told = (type: PortFrame['type']) => frames.filter((frame) => frame.type === type);
const closed = (code: number, reason = '', wasClean = false) => ({
  type: 'socket-closed',
  socket: 's',
  code,
  reason,
  wasClean,
});

test('a ticket for each dial, beside the subprotocols of the page, and never in what the page is told', async () => {
  sockets.session(1);
  open('/rooms/a?x=1', ['chat']);
  await until(() => told('socket-opened').length === 1);
  expect(told('socket-opened')).toEqual([{ type: 'socket-opened', socket: 's', protocol: 'chat' }]);
  expect(dials).toMatchObject([{ url: '/rooms/a?x=1', offered: `chat,${CARRIED}` }]);
  expect(asked).toEqual(['POST /ticket']);
  expect(JSON.stringify(frames)).not.toMatch(/ticket|single-use/);
});

test('a page that offers no subprotocol sees none', async () => {
  sockets.session(1);
  open('/rooms/a');
  await until(() => told('socket-opened').length === 1);
  expect(told('socket-opened')).toMatchObject([{ protocol: '' }]);
  expect(dials).toMatchObject([{ offered: `private,${CARRIED}` }]);
});

test('an old server is given the ticket in the query, and the query of the page stays', async () => {
  sockets.session(1);
  open('/old?x=1', ['chat']);
  await until(() => dials.length === 1);
  expect(dials).toMatchObject([{ url: `/old?x=1&token=${TICKET}`, offered: 'chat' }]);
});

test('what the configuration does not name, or names otherwise, is dialled without a ticket', async () => {
  open('/older');
  await until(() => told('socket-opened').length === 1);
  expect([asked, dials]).toMatchObject([[], [{ url: '/older', offered: '' }]]);
});

test('a codec that the worker does not have is no reason to dial without a ticket', () => {
  open('/graphql');
  expect([frames, dials]).toEqual([[closed(1008, 'no codec')], []]);
});

test('it waits for a session, and ends with it', async () => {
  open('/rooms/a');
  expect([asked, frames]).toEqual([[], []]);
  sockets.session(1);
  await until(() => told('socket-opened').length === 1);
  sockets.session(2);
  expect(told('socket-closed')).toEqual([]);
  sockets.session(undefined);
  expect(told('socket-closed')).toEqual([closed(4401, 'signed-out', true)]);
});

test('a refused ticket fails the socket, and is a question about the session', async () => {
  answers.push(new Response(null, { status: 401 }));
  sockets.session(3);
  open('/rooms/a');
  await until(() => told('socket-closed').length === 1);
  expect([told('socket-closed'), unauthorized, dials]).toEqual([[closed(1006)], [3], []]);
});

test('a server that asks for a pause is not asked before it is over, by any socket', async () => {
  answers.push(new Response(null, { status: 503, headers: { 'retry-after': '1' } }));
  sockets.session(1);
  const before = Date.now();
  open('/rooms/a');
  await until(() => told('socket-closed').length === 1);
  open('/old');
  expect(asked).toHaveLength(1);
  await until(() => dials.length === 1);
  expect(Date.now() - before).toBeGreaterThanOrEqual(1_000);
});

test('a socket that was open before its wire was lost is closed, as a WebSocket would be; a new one is dialled', async () => {
  open('/older', [], '');
  expect([frames, dials]).toEqual([[closed(1006)], []]);
  open('/older');
  await until(() => told('socket-opened').length === 1);
  open('/older');
  await until(() => dials.length === 2);
});

test('frames are taken when the browser has sent them, and not before', async () => {
  open('/older');
  await until(() => told('socket-opened').length === 1 && dials.length === 1);
  const { ws } = dials[0]!;
  ws.pause();
  // more than the kernels of both sides hold
  for (const data of ['one', new ArrayBuffer(32_000_000)])
    sockets.receive('t', { type: 'socket-send', socket: 's', data });
  // there is nothing to wait for: it must not happen
  await new Promise<void>((resolve) => void systemClock.schedule(Date.now() + 100, resolve));
  expect(told('socket-taken')).toEqual([]);
  ws.resume();
  await until(() => told('socket-taken').length > 0);
  expect(told('socket-taken')).toEqual([{ type: 'socket-taken', socket: 's', count: 2 }]);
});

test('a close passes through in both directions, also one without a code', async () => {
  open('/older');
  await until(() => dials.length === 1 && told('socket-opened').length === 1);
  sockets.receive('t', { type: 'socket-close', socket: 's', reason: '' });
  await until(() => told('socket-closed').length === 1);
  expect(told('socket-closed')).toEqual([closed(1005, '', true)]);
  expect(sockets.receive('t', { type: 'socket-send', socket: 's', data: 'late' })).toBe(false);
});
