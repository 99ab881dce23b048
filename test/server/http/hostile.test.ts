import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { dial, dialWith, socketTicket, type Closed } from '../support/hub-client.ts';
import { bearer, cookieLogin, passwordLogin, startTestServer, type TestServer } from '../support/start.ts';

/* Hostile and broken clients: the server refuses or disconnects them, and other clients do not notice. */

let server: TestServer;
let token: string;
beforeAll(async () => {
  server = await startTestServer({ acceptsPerSecond: 10_000 });
  token = (await passwordLogin(server.call)).access_token;
});
afterAll(() => server.stop());

const raw = (origin: string, text: string): Socket => {
  const socket = connect(Number(new URL(origin).port), '127.0.0.1');
  socket.on('error', () => undefined).write(text);
  return socket;
};

/** The status of the server's response to these lines. */
const statusOf = async (origin: string, start: string, headers: readonly string[] = []): Promise<string> => {
  const lines = [start, `host: ${new URL(origin).host}`, 'content-length: 0', ...headers];
  const socket = raw(origin, `${lines.join('\r\n')}\r\n\r\n`);
  let response = '';
  socket.on('data', (chunk) => (response += String(chunk)));
  await once(socket, 'close');
  return response.slice(9, 12);
};

const UPGRADE = ['connection: upgrade', 'upgrade: websocket', 'sec-websocket-version: 13'];
const KEY = `sec-websocket-key: ${'A'.repeat(22)}==`;

describe('an invalid request target', () => {
  test.each(['//', '/\\\\', 'http://[', 'http://a:99999/', '*', 'nonsense'])('answers 4xx to %s', async (target) => {
    const { app, provider } = server.local;
    const close = ['connection: close'];
    const statuses = await Promise.all([
      statusOf(app, `GET ${target} HTTP/1.1`, close),
      statusOf(app, `GET ${target} HTTP/1.1`, [...UPGRADE, KEY]),
      statusOf(provider, `POST ${target} HTTP/1.1`, close),
    ]);
    for (const status of statuses) expect(status).toMatch(/^4\d\d$/);
    expect((await server.call('/api/auth/status')).status).toBe(200);
  });
});

describe('a request that asks for an unknown protocol', () => {
  const h2c = ['connection: Upgrade, HTTP2-Settings', 'upgrade: h2c', 'http2-settings: AAMAAABkAARAAAAAAAIAAAAA'];
  const json = JSON.stringify({ username: 'demo', password: 'demo' });

  test('is an ordinary request, with a body too [upgrade-unknown]', async () => {
    const lines = [
      'POST /api/v1/auth/login HTTP/1.1',
      `host: ${new URL(server.url).host}`,
      `content-length: ${json.length}`,
    ];
    const socket = raw(server.local.app, [...lines, ...h2c, '', json].join('\r\n'));
    const [login] = (await once(socket, 'data')) as [Buffer];
    expect(String(login)).toMatch(/^HTTP\/1\.1 200 /);
    // The connection stays usable, for WebSockets too.
    socket.write([`GET /api/auth/status HTTP/1.1`, lines[1], ...h2c, '', ''].join('\r\n'));
    const [status] = (await once(socket, 'data')) as [Buffer];
    expect(String(status)).toMatch(/^HTTP\/1\.1 200 /);
    socket.write(['GET /api/events?token=x HTTP/1.1', lines[1], ...UPGRADE, KEY, '', ''].join('\r\n'));
    const [upgraded] = (await once(socket, 'data')) as [Buffer];
    expect(String(upgraded)).toMatch(/^HTTP\/1\.1 101 /);
    socket.destroy();
  });
});

const eventsToken = async (cookie: string): Promise<string> => {
  const response = await server.call('/api/auth/token', { headers: { cookie } });
  return ((await response.json()) as { token: string }).token;
};

/** An event stream (codec json-ping). */
const stream = (ticket: string): { ws: WebSocket; opened: Promise<unknown>; closed: Promise<Closed> } => {
  const ws = new WebSocket(`${server.url.replace('http', 'ws')}/api/events?token=${ticket}`);
  ws.on('error', () => undefined);
  const closed = new Promise<Closed>((done) =>
    ws.once('close', (code, reason) => done({ code, reason: String(reason) })),
  );
  return { ws, opened: Promise.race([once(ws, 'message'), closed]), closed };
};

describe('too many sockets of one person', () => {
  const MAX_SOCKETS = 64;

  test('closes only the surplus socket when it also breaks the protocol [one-message-too-many]', async () => {
    const theirs = (await passwordLogin(server.call, 'other', 'secret')).access_token;
    const clients = await Promise.all(Array.from({ length: MAX_SOCKETS }, (_, n) => dial(server, theirs, `h${n}`)));
    await Promise.all(clients.map((client) => client.hello()));
    const tooMany = dialWith(server, await socketTicket(server, theirs));
    tooMany.ws.once('upgrade', ({ socket }) => socket.write(Buffer.from([0xf1, 0])));
    await tooMany.closed;
    const [first] = clients;
    first?.send(['p', 1]);
    expect(await first?.until((frame) => (frame[0] === 'q' ? frame[1] : undefined))).toBe(1);
    for (const client of clients) client.close();
  });

  test('limits event streams to the same number', async () => {
    const theirs = await cookieLogin(server.call, 'other-key');
    const streams = await Promise.all(
      Array.from({ length: MAX_SOCKETS }, async () => stream(await eventsToken(theirs))),
    );
    await Promise.all(streams.map(({ opened }) => opened));
    expect(await stream(await eventsToken(theirs)).closed).toEqual({ code: 4429, reason: '{"ra":60000}' });
    for (const { ws } of streams) ws.close();
  });
});

describe('after a sign-out', () => {
  test('ignores messages of a socket that does not read its close frame [socket-ignores-close]', async () => {
    const mine = await passwordLogin(server.call);
    const topic = randomUUID();
    const client = await dial(server, mine.access_token, randomUUID());
    await client.hello();
    await client.publish(topic, 'before', 'before');
    client.ws.pause();
    await server.call('/api/v1/auth/logout', { json: { refresh_token: mine.refresh_token } });
    client.send(['pub', 'after', topic, 'after']);
    client.ws.resume();
    expect(await client.closed).toMatchObject({ code: 4401 });
    const history = await server.call(`/api/v1/topics/${topic}/events`, { headers: bearer(token) });
    expect(await history.json()).toMatchObject({ events: [{ data: 'before' }] });
  });

  test('refuses a ticket from before the sign-out [ticket-after-sign-out]', async () => {
    const mine = await passwordLogin(server.call);
    const ticket = await socketTicket(server, mine.access_token);
    await server.call('/api/v1/auth/logout', { json: { refresh_token: mine.refresh_token } });
    expect(await dialWith(server, ticket).closed).toMatchObject({ code: 4401 });
    const own = await cookieLogin(server.call);
    const events = await eventsToken(own);
    await server.call('/api/auth/logout', { method: 'POST', headers: { cookie: own } });
    expect(await stream(events).closed).toMatchObject({ code: 4401 });
  });
});

test.each(['\u{10FFFD}'.repeat(128), '中'.repeat(256), '\ud800'])(
  'accepts any name of a browser profile: %#',
  async (host) => {
    const client = await dial(server, token, host);
    expect(await client.hello()).toMatchObject({ resumed: false });
    client.close();
  },
);

describe('a message that the store cannot take', () => {
  const DEEP = 20_000;
  test.each([
    ['with an invalid topic name', String.raw`["pub","p","\ud800",1]`],
    ['nested too deeply', `["pub","p","deep",${'['.repeat(DEEP)}${']'.repeat(DEEP)}]`],
  ])('is refused, and the socket stays open: %s [publication-refused]', async (_name, frame) => {
    const client = await dial(server, token, randomUUID());
    await client.hello();
    client.ws.send(frame);
    expect(await client.until((reply) => (reply[0] === 'nak' ? reply : undefined))).toEqual([
      'nak',
      'p',
      'bad-message',
    ]);
    await client.publish('deep', 'q', { as: [{ deep: ['as', 'people', 'write'] }] });
    client.close();
  });

  test('closes the socket of a member whose state nests too deep, as for any bad frame [state-too-deep]', async () => {
    const client = await dial(server, token, randomUUID());
    await client.hello();
    await client.subscribe('deep', null);
    client.ws.send(`["who","deep",${'['.repeat(30_000)}${']'.repeat(30_000)}]`);
    expect((await client.closed).code).toBe(1007);
  });
});
