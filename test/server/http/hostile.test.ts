import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { dial, dialWith, socketTicket, type Closed } from '../support/hub-client.ts';
import { bearer, cookieLogin, passwordLogin, startTestServer, type TestServer } from '../support/start.ts';

/* One that means harm, or does not know better: it is turned away or cut off, and nobody else notices. */

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

/** The status of what the server says to this, until it closes. */
const statusOf = async (origin: string, start: string, headers: readonly string[] = []): Promise<string> => {
  const lines = [start, `host: ${new URL(origin).host}`, 'content-length: 0', ...headers];
  const socket = raw(origin, `${lines.join('\r\n')}\r\n\r\n`);
  let answer = '';
  socket.on('data', (piece) => (answer += String(piece)));
  await once(socket, 'close');
  return answer.slice(9, 12);
};

const UPGRADE = ['connection: upgrade', 'upgrade: websocket', 'sec-websocket-version: 13'];
const KEY = `sec-websocket-key: ${'A'.repeat(22)}==`;

describe('a request target that is none', () => {
  test.each(['//', '/\\\\', 'http://[', 'http://a:99999/', '*', 'nonsense'])('%s is refused', async (target) => {
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

const eventsToken = async (cookie: string): Promise<string> => {
  const response = await server.call('/api/auth/token', { headers: { cookie } });
  return ((await response.json()) as { token: string }).token;
};

/** The old stream of events. */
const stream = (ticket: string): { ws: WebSocket; opened: Promise<unknown>; closed: Promise<Closed> } => {
  const ws = new WebSocket(`${server.url.replace('http', 'ws')}/api/events?token=${ticket}`);
  ws.on('error', () => undefined);
  const closed = new Promise<Closed>((done) =>
    ws.once('close', (code, reason) => done({ code, reason: String(reason) })),
  );
  return { ws, opened: Promise.race([once(ws, 'message'), closed]), closed };
};

describe('one person with too many sockets', () => {
  const MOST = 64;

  test('the one too many breaks the protocol, too: it is gone, and nobody else [one-message-too-many]', async () => {
    const theirs = (await passwordLogin(server.call, 'other', 'secret')).access_token;
    const clients = await Promise.all(Array.from({ length: MOST }, (_, n) => dial(server, theirs, `h${n}`)));
    await Promise.all(clients.map((client) => client.hello()));
    const tooMany = dialWith(server, await socketTicket(server, theirs));
    tooMany.ws.once('upgrade', ({ socket }) => socket.write(Buffer.from([0xf1, 0])));
    await tooMany.closed;
    const [first] = clients;
    first?.send(['p', 1]);
    expect(await first?.until((frame) => (frame[0] === 'q' ? frame[1] : undefined))).toBe(1);
    for (const client of clients) client.close();
  });

  test('of the old streams there are as many', async () => {
    const theirs = await cookieLogin(server.call, 'other-key');
    const streams = await Promise.all(Array.from({ length: MOST }, async () => stream(await eventsToken(theirs))));
    await Promise.all(streams.map(({ opened }) => opened));
    expect(await stream(await eventsToken(theirs)).closed).toEqual({ code: 4429, reason: '{"ra":60000}' });
    for (const { ws } of streams) ws.close();
  });
});

describe('after a sign-out', () => {
  test('a socket that does not hear its close says nothing any more [socket-ignores-close]', async () => {
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
    const told = await server.call(`/api/v1/topics/${topic}/events`, { headers: bearer(token) });
    expect(await told.json()).toMatchObject({ events: [{ data: 'before' }] });
  });

  test('a ticket that was given before opens nothing [ticket-after-sign-out]', async () => {
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

test.each(['\u{10FFFD}'.repeat(128), '中'.repeat(256), '\ud800'])('a host may have any name: %#', async (host) => {
  const client = await dial(server, token, host);
  expect(await client.hello()).toMatchObject({ resumed: false });
  client.close();
});

describe('a publication that no store takes', () => {
  const DEEP = 20_000;
  test.each([
    ['to a topic that is no text', String.raw`["pub","p","\ud800",1]`],
    ['nested without end', `["pub","p","deep",${'['.repeat(DEEP)}${']'.repeat(DEEP)}]`],
  ])('%s is refused for good, and the socket stays [publication-refused]', async (_name, frame) => {
    const client = await dial(server, token, randomUUID());
    await client.hello();
    client.ws.send(frame);
    expect(await client.until((told) => (told[0] === 'nak' ? told : undefined))).toEqual(['nak', 'p', 'bad-message']);
    await client.publish('deep', 'q', { as: [{ deep: ['as', 'people', 'write'] }] });
    client.close();
  });
});
