import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocketServer, type WebSocket as NodeSocket } from 'ws';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '../../../src/host/runtime/clock.ts';
import { createPrivateSockets, type PrivateSockets } from '../../../src/host/sockets/private-sockets.ts';
import { parseTabMessage } from '../../../src/protocol/bridge/tab-messages.ts';
import type { PortFrame } from '../../../src/protocol/bridge/port-frames.ts';
import { maker } from './sockets-world.ts';

/* Private sockets, each with its own connection, against a real server that requires a ticket. */

const TICKET = 'single-use';
const CARRIED = `keeper.ticket.${Buffer.from(TICKET).toString('base64url')}`;

type Dial = { url: string; offered: string; ws: NodeSocket };

let http: Server;
let origin: string;
let dials: Dial[];
let answers: Response[];
let ticketRequests: string[];
let unauthorized: number[];
let frames: PortFrame[];
let journal: string[];
let sockets: PrivateSockets;
let changed: () => void;

beforeEach(async () => {
  [dials, answers, ticketRequests, unauthorized, frames, journal] = [[], [], [], [], [], []];
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
      { url: '/old', codec: 'private', ticket: { url: '/ticket', method: 'GET', carry: 'query' }, signedOutCode: 1012 },
      {
        url: '/first',
        codec: 'private',
        ticket: { url: '/ticket', method: 'GET', carry: 'message', message: '{"auth":"{ticket}"}' },
      },
    ],
    origin,
    clock: systemClock,
    random: () => 0,
    WebSocket: maker,
    request: async (url, { method = 'GET' }) => {
      ticketRequests.push(`${method} ${url}`);
      return answers.shift() ?? Response.json({ ticket: TICKET, expires_in: 30 });
    },
    sendToTab: (_tab, frame) => {
      frames.push(frame);
      changed();
    },
    journal: (...line) => journal.push(line.join(' ')),
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
/** Resolves when the condition holds. Checks it again after each event. */
const until = (holds: () => boolean) =>
  new Promise<void>((resolve) => {
    changed = () => holds() && resolve();
    changed();
  });
const framesOf = (type: PortFrame['type']) => frames.filter((frame) => frame.type === type);
const closed = (code: number, reason = '', wasClean = false) => ({
  type: 'socket-closed',
  socket: 's',
  code,
  reason,
  wasClean,
});

test('sends a new ticket with each dial and never shows it to the page', async () => {
  sockets.session(1);
  open('/rooms/a?x=1', ['chat']);
  await until(() => framesOf('socket-opened').length === 1);
  expect(framesOf('socket-opened')).toMatchObject([{ type: 'socket-opened', socket: 's', protocol: 'chat' }]);
  expect(dials).toMatchObject([{ url: '/rooms/a?x=1', offered: `chat,${CARRIED}` }]);
  expect(ticketRequests).toEqual(['POST /ticket']);
  expect(JSON.stringify(frames)).not.toMatch(/ticket|single-use/);
});

test('shows the page no subprotocol when the page offered none', async () => {
  sockets.session(1);
  open('/rooms/a');
  await until(() => framesOf('socket-opened').length === 1);
  expect(framesOf('socket-opened')).toMatchObject([{ protocol: '' }]);
  expect(dials).toMatchObject([{ offered: `private,${CARRIED}` }]);
});

test('sends the ticket in the query to an old server and keeps the query of the page', async () => {
  sockets.session(1);
  open('/old?x=1', ['chat']);
  await until(() => dials.length === 1);
  expect(dials).toMatchObject([{ url: `/old?x=1&token=${TICKET}`, offered: 'chat' }]);
});

test.each([
  ['/old?token=mine&q=a+b%20c', `/old?token=mine&q=a+b%20c&token=${TICKET}`],
  ['/old', `/old?token=${TICKET}`],
])('leaves the query of the page as it is: %s', async (url, dialled) => {
  sockets.session(1);
  open(url);
  await until(() => dials.length === 1);
  expect(dials).toMatchObject([{ url: dialled }]);
});

test('sends the ticket in the first message, before those of the page, and offers only its subprotocols', async () => {
  sockets.session(1);
  open('/first');
  await until(() => framesOf('socket-opened').length === 1);
  sockets.receive('t', { type: 'socket-send', socket: 's', data: 'hello' });
  await until(() => framesOf('socket-message').length === 2);
  expect(framesOf('socket-message')).toMatchObject([{ data: `{"auth":"${TICKET}"}` }, { data: 'hello' }]);
  expect(dials).toMatchObject([{ url: '/first', offered: '' }]);
});

test('passes a subprotocol of 4,000 characters, because tokens travel there [long-subprotocol]', async () => {
  const token = `base64url.bearer.${'a'.repeat(4_000)}`;
  const message = parseTabMessage({ type: 'socket-open', socket: 's', url: '/rooms/a', protocols: ['phoenix', token] });
  if (message?.type !== 'socket-open') throw new Error('dropped');
  sockets.session(1);
  sockets.receive('t', message);
  await until(() => framesOf('socket-opened').length === 1);
  expect(dials).toMatchObject([{ offered: `phoenix,${token},${CARRIED}` }]);
});

test('says in the journal what a failed handshake with a carried ticket may need [no-subprotocol]', async () => {
  http.removeAllListeners('upgrade');
  http.on('upgrade', (_request, socket) => socket.destroy());
  sockets.session(1);
  open('/rooms/a');
  await until(() => framesOf('socket-closed').length === 1);
  expect(journal).toEqual([expect.stringMatching(/^socket \/rooms\/ handshake failed does the server choose/)]);
});

test('closes at sign-out with the code that the configuration names', async () => {
  sockets.session(1);
  open('/old');
  await until(() => framesOf('socket-opened').length === 1);
  sockets.session(undefined);
  expect(framesOf('socket-closed')).toEqual([closed(1012, 'signed-out', true)]);
});

test('dials without a ticket when the configuration does not name the URL', async () => {
  open('/older');
  await until(() => framesOf('socket-opened').length === 1);
  expect([ticketRequests, dials]).toMatchObject([[], [{ url: '/older', offered: '' }]]);
});

test('does not dial without a ticket when the worker lacks the codec', () => {
  open('/graphql');
  expect([frames, dials]).toEqual([[closed(1008, 'no codec')], []]);
});

test('waits for a session and closes at sign-out', async () => {
  open('/rooms/a');
  expect([ticketRequests, frames]).toEqual([[], []]);
  sockets.session(1);
  await until(() => framesOf('socket-opened').length === 1);
  sockets.session(2);
  expect(framesOf('socket-closed')).toEqual([]);
  sockets.session(undefined);
  expect(framesOf('socket-closed')).toEqual([closed(4401, 'signed-out', true)]);
});

test('fails the socket and reports the session when the server refuses a ticket', async () => {
  answers.push(new Response(null, { status: 401 }));
  sockets.session(3);
  open('/rooms/a');
  await until(() => framesOf('socket-closed').length === 1);
  expect([framesOf('socket-closed'), unauthorized, dials]).toEqual([[closed(1006)], [3], []]);
});

test('requests no ticket for any socket before `Retry-After` is over', async () => {
  answers.push(new Response(null, { status: 503, headers: { 'retry-after': '1' } }));
  sockets.session(1);
  const before = Date.now();
  open('/rooms/a');
  await until(() => framesOf('socket-closed').length === 1);
  open('/old');
  expect(ticketRequests).toHaveLength(1);
  await until(() => dials.length === 1);
  expect(Date.now() - before).toBeGreaterThanOrEqual(1_000);
});

test('closes a socket that lost its connection, as a WebSocket does, and dials a new one', async () => {
  open('/older', [], '');
  expect([frames, dials]).toEqual([[closed(1006)], []]);
  open('/older');
  await until(() => framesOf('socket-opened').length === 1);
  open('/older');
  await until(() => dials.length === 2);
});

test('acknowledges frames only when the browser has sent them', async () => {
  open('/older');
  await until(() => framesOf('socket-opened').length === 1 && dials.length === 1);
  const { ws } = dials[0]!;
  ws.pause();
  // More than the kernels of both sides buffer.
  for (const data of ['one', new ArrayBuffer(32_000_000)])
    sockets.receive('t', { type: 'socket-send', socket: 's', data });
  // No event shows that nothing happens, so this waits a fixed time.
  await new Promise<void>((resolve) => void systemClock.schedule(Date.now() + 100, resolve));
  expect(framesOf('socket-taken')).toEqual([]);
  ws.resume();
  await until(() => framesOf('socket-taken').length > 0);
  expect(framesOf('socket-taken')).toEqual([{ type: 'socket-taken', socket: 's', count: 2 }]);
});

test('passes a close through in both directions, also without a code', async () => {
  open('/older');
  await until(() => dials.length === 1 && framesOf('socket-opened').length === 1);
  sockets.receive('t', { type: 'socket-close', socket: 's', reason: '' });
  await until(() => framesOf('socket-closed').length === 1);
  expect(framesOf('socket-closed')).toEqual([closed(1005, '', true)]);
  expect(sockets.receive('t', { type: 'socket-send', socket: 's', data: 'late' })).toBe(false);
});
