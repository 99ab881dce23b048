import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { dial, dialWith, socketTicket, type HubClient } from '../support/hub-client.ts';
import { bearer, passwordLogin, startTestServer, type TestServer } from '../support/start.ts';

let server: TestServer;
let token: string;
beforeAll(async () => {
  server = await startTestServer();
  token = (await passwordLogin(server.call)).access_token;
});
afterAll(() => server.stop());

const newTopic = () => `topic-${randomUUID()}`;
const offsets = (client: HubClient, topic: string) => client.events(topic).map(({ offset }) => offset);

describe('opening a socket', () => {
  test('a ticket opens the socket, and the server sends hello', async () => {
    const client = await dial(server, token);
    const hello = await client.hello();
    expect(hello).toMatchObject({ heartbeatMs: 10_000, maxBytes: 65_536 });
    expect(hello.expiresAt - hello.now).toBeGreaterThan(200_000);
    expect(client.ws.protocol).toBe('keeper.1');
    client.close();
  });

  test('a ticket works once, also for two sockets at the same time [ticket-once]', async () => {
    const ticket = await socketTicket(server, token);
    const clients = [dialWith(server, ticket), dialWith(server, ticket)];
    for (const [index, client] of clients.entries())
      client.ws.once('open', () => client.send(['hi', { host: `h${index}`, epoch: 1 }]));
    const outcomes = await Promise.all(
      clients.map((client) =>
        Promise.race([
          client.hello().then(
            () => 'open' as const,
            () => 'closed' as const,
          ),
          client.closed.then(({ code }) => code),
        ]),
      ),
    );
    expect(outcomes.filter((outcome) => outcome === 'open')).toHaveLength(1);
    expect(await Promise.race(clients.map(({ closed }) => closed))).toMatchObject({ code: 4401 });
    clients.forEach((client) => client.close());
  });

  test('closes with 4401 when the ticket is unknown or for the event stream', async () => {
    const response = await server.call('/api/auth/token', { headers: bearer(token) });
    const { token: eventsToken } = (await response.json()) as { token: string };
    for (const ticket of ['made-up', eventsToken]) {
      expect(await dialWith(server, ticket).closed).toMatchObject({ code: 4401 });
    }
  });

  test('stops in time when clients leave while it redeems their tickets', async () => {
    const own = await startTestServer();
    const { access_token: mine } = await passwordLogin(own.call);
    const tickets = await Promise.all(Array.from({ length: 100 }, () => socketTicket(own, mine)));
    await Promise.all(
      tickets.map((ticket) => {
        const client = dialWith(own, ticket);
        client.ws.once('upgrade', () => setImmediate(() => client.ws.terminate()));
        return client.closed;
      }),
    );
    const startedAt = performance.now();
    await own.stop();
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    await expect(own.call('/api/auth/status'), 'the server is down').rejects.toThrow('fetch failed');
  });

  test('stops in time and disconnects a client that connects during the stop', async () => {
    const own = await startTestServer();
    const { access_token: mine } = await passwordLogin(own.call);
    const ticket = await socketTicket(own, mine);
    await own.fault('/faults', { at: 'socket', kind: 'slow', ms: 500, times: 1 });
    const client = dialWith(own, ticket);
    // After these requests the server has the handshake too, and holds it back.
    for (let turn = 0; turn < 3; turn += 1) await own.fault('/stats');
    const startedAt = performance.now();
    await own.stop();
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(await client.closed).toMatchObject({ code: 1006 });
  });

  test('disconnects a rejected client that sends no close frame', async () => {
    const { hostname, port, host } = new URL(server.url);
    const mute = connect(Number(port), hostname === 'localhost' ? '127.0.0.1' : hostname);
    const key = 'sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\nsec-websocket-version: 13';
    mute.write(
      `GET /api/socket HTTP/1.1\r\nhost: ${host}\r\nconnection: upgrade\r\nupgrade: websocket\r\n${key}\r\nsec-websocket-protocol: keeper.1\r\n\r\n`,
    );
    const received: Buffer[] = [];
    mute.on('error', () => undefined).on('data', (data: Buffer) => received.push(data));
    await once(mute, 'close');
    const answer = Buffer.concat(received);
    expect(answer.toString('latin1')).toMatch(/^HTTP\/1\.1 101 /);
    // The header is ASCII, so the first 0x88 starts the close frame (RFC 6455 §5.5.1). Its payload starts with the code.
    expect(answer.readUInt16BE(answer.indexOf(0x88) + 2)).toBe(4401);
  });

  test('disconnects a client that stays connected after a refused handshake', async () => {
    const { hostname, port, host } = new URL(server.url);
    const mute = connect({
      port: Number(port),
      host: hostname === 'localhost' ? '127.0.0.1' : hostname,
      allowHalfOpen: true,
    });
    const closed = new Promise((done) => mute.on('error', () => undefined).on('close', done));
    mute.write(`GET /nowhere HTTP/1.1\r\nhost: ${host}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n`);
    // A write to an open connection succeeds. A write to a closed one gets a reset.
    const writes = setInterval(() => mute.write('x'), 50);
    const byReset = await closed.finally(() => clearInterval(writes));
    expect(byReset).toBe(true);
  });

  test('a page of another origin is refused before the handshake, and its ticket stays valid [upgrade-other-origin]', async () => {
    const ticket = await socketTicket(server, token);
    const status = await new Promise((done) => {
      const ws = new WebSocket(`${server.url.replace('http', 'ws')}/api/socket`, ['keeper.1'], {
        headers: { origin: 'http://evil.test' },
      });
      ws.on('unexpected-response', (_request, response) => done(response.statusCode));
      ws.on('error', () => undefined);
    });
    expect(status).toBe(403);
    const client = dialWith(server, ticket);
    client.ws.once('open', () => client.send(['hi', { host: 'h', epoch: 1 }]));
    await client.hello();
    client.close();
  });

  test('closes with 1007 when a frame is invalid or arrives before hi', async () => {
    const early = dialWith(server, await socketTicket(server, token));
    early.ws.once('open', () => early.send(['sub', 1, 't', null]));
    expect(await early.closed).toMatchObject({ code: 1007 });
    const garbled = await dial(server, token);
    garbled.ws.send('{"not":"a frame"}');
    expect(await garbled.closed).toMatchObject({ code: 1007 });
  });

  test.each([
    ['an empty name', ''],
    ['a too long name', 'x'.repeat(257)],
  ])('closes with 1007 when the profile has %s', async (_name, host) => {
    expect(await (await dial(server, token, host)).closed).toMatchObject({ code: 1007 });
    const longest = await dial(server, token, 'x'.repeat(256));
    await longest.hello();
    longest.close();
  });

  test('ignores an unknown frame of a later version', async () => {
    const client = await dial(server, token);
    await client.hello();
    client.ws.send('["later",1]');
    client.send(['p', 5]);
    expect(await client.until((frame) => (frame[0] === 'q' ? frame[1] : undefined))).toBe(5);
    client.close();
  });

  test('closes with 1009 when a frame is too large [frame-too-large]', async () => {
    const client = await dial(server, token);
    await client.hello();
    client.send(['pub', 'id', 't', 'x'.repeat(70_000)]);
    expect(await client.closed).toMatchObject({ code: 1009 });
  });
});

describe('topics', () => {
  test('all sockets of a user receive each message once and in order', async () => {
    const topic = newTopic();
    const [a, b] = await Promise.all([dial(server, token, 'a'), dial(server, token, 'b')]);
    await Promise.all([a.subscribe(topic, null), b.subscribe(topic, null)]);
    await Promise.all(Array.from({ length: 50 }, (_, n) => a.publish(topic, randomUUID(), { n })));
    await Promise.all([a.reach(topic, 50), b.reach(topic, 50)]);
    const expected = Array.from({ length: 50 }, (_, index) => index + 1);
    expect(offsets(a, topic)).toEqual(expected);
    expect(b.events(topic)).toEqual(expected.map((offset) => ({ offset, data: { n: offset - 1 } })));
    [a, b].forEach((client) => client.close());
  });

  test('stores a repeated message once, and acknowledges it with the same offset', async () => {
    const topic = newTopic();
    const id = randomUUID();
    const first = await dial(server, token);
    expect(await first.publish(topic, id, 'once')).toBe(1);
    first.close();
    const second = await dial(server, token);
    await second.subscribe(topic, { epoch: (await second.subscribe(topic, null)).at.epoch, offset: 0 }, 2);
    expect(await second.publish(topic, id, 'once')).toBe(1);
    expect(await second.publish(topic, randomUUID(), 'twice')).toBe(2);
    await second.reach(topic, 2);
    expect(second.events(topic).map(({ data }) => data)).toEqual(['once', 'twice']);
    second.close();
  });

  test('the history over HTTP returns the last events, to their owner only', async () => {
    const topic = `${newTopic()} / ?`;
    const path = `/api/v1/topics/${encodeURIComponent(topic)}/events`;
    const read = async (bearerToken: string) =>
      (await server.call(path, { headers: bearer(bearerToken) })).json() as Promise<{ epoch: string; events: unknown }>;
    const writer = await dial(server, token);
    const { at } = await writer.subscribe(topic, null);
    for (let n = 1; n <= 203; n += 1) writer.send(['pub', `${topic}-${n}`, topic, n]);
    await writer.reach(topic, 203);
    const last = Array.from({ length: 200 }, (_, index) => ({ offset: index + 4, data: index + 4 }));
    expect(await read(token)).toEqual({ epoch: at.epoch, events: last });
    const other = await passwordLogin(server.call, 'other', 'secret');
    expect(await read(other.access_token)).toMatchObject({ events: [] });
    expect((await server.call(path)).status).toBe(401);
    expect((await server.call(`/api/v1/topics/${'x'.repeat(129)}/events`, { headers: bearer(token) })).status).toBe(
      400,
    );
    writer.close();
  });

  test('a cursor resumes without a gap while messages arrive', async () => {
    const topic = newTopic();
    const writer = await dial(server, token, 'writer');
    const { at } = await writer.subscribe(topic, null);
    await Promise.all(Array.from({ length: 300 }, (_, n) => writer.publish(topic, randomUUID(), n)));
    const reader = await dial(server, token, 'reader');
    const more = Promise.all(Array.from({ length: 300 }, (_, n) => writer.publish(topic, randomUUID(), 300 + n)));
    expect(await reader.subscribe(topic, { epoch: at.epoch, offset: 100 })).toEqual({
      at: { epoch: at.epoch, offset: 100 },
      resumed: true,
    });
    await more;
    await reader.reach(topic, 600);
    expect(offsets(reader, topic)).toEqual(Array.from({ length: 500 }, (_, index) => index + 101));
    expect(reader.frames.some(([kind]) => kind === 'gap')).toBe(false);
    [writer, reader].forEach((client) => client.close());
  });

  test('a cursor of another epoch gets a gap of unknown length', async () => {
    const topic = newTopic();
    const client = await dial(server, token);
    await client.publish(topic, randomUUID(), 1);
    const { at, resumed } = await client.subscribe(topic, { epoch: 'another', offset: 7 });
    expect(resumed).toBe(false);
    expect(at.offset).toBe(1);
    expect(client.frames).toContainEqual(['gap', topic, at.epoch, 8, 0]);
    client.close();
  });

  test('two users receive only their own messages [two-users]', async () => {
    const topic = newTopic();
    const other = await passwordLogin(server.call, 'other', 'secret');
    const [mine, theirs] = await Promise.all([dial(server, token), dial(server, other.access_token)]);
    await Promise.all([mine.subscribe(topic, null), theirs.subscribe(topic, null)]);
    await mine.publish(topic, randomUUID(), 'mine');
    await theirs.publish(topic, randomUUID(), 'theirs');
    await theirs.reach(topic, 1);
    expect(theirs.events(topic)).toEqual([{ offset: 1, data: 'theirs' }]);
    [mine, theirs].forEach((client) => client.close());
  });

  test('a client that unsubscribed receives nothing more', async () => {
    const topic = newTopic();
    const client = await dial(server, token);
    await client.subscribe(topic, null);
    client.send(['unsub', topic]);
    await client.publish(topic, randomUUID(), 1);
    expect(client.events(topic)).toEqual([]);
    client.close();
  });

  test('answers nak to a message and closes at a subscription when the topic name is too long', async () => {
    const client = await dial(server, token);
    await client.hello();
    client.send(['pub', 'id', 'x'.repeat(129), 1]);
    expect(await client.until((frame) => (frame[0] === 'nak' ? frame : undefined))).toEqual([
      'nak',
      'id',
      'bad-message',
    ]);
    expect(await client.publish(newTopic(), 'i'.repeat(256), 1)).toBe(1);
    client.send(['pub', 'i'.repeat(257), 't', 1]);
    expect(await client.until((frame) => (frame[0] === 'nak' && frame[1] !== 'id' ? frame[2] : undefined))).toBe(
      'bad-message',
    );
    client.send(['sub', 1, '', null]);
    expect(await client.closed).toMatchObject({ code: 1007 });
  });
});

describe('closing a socket', () => {
  test('a worker with a higher fence closes the socket of the older worker, which is rejected from then on', async () => {
    const host = randomUUID();
    const old = await dial(server, token, host, 1);
    expect((await old.hello()).resumed).toBe(false);
    const newer = await dial(server, token, host, 2);
    expect((await newer.hello()).resumed).toBe(true);
    expect(await old.closed).toMatchObject({ code: 4409 });
    expect(await (await dial(server, token, host, 1)).closed).toMatchObject({ code: 4409 });
    const otherBrowser = await dial(server, token, randomUUID(), 1);
    await otherBrowser.hello();
    [newer, otherBrowser].forEach((client) => client.close());
  });

  test('closes the 65th socket of a user with 4429 and a pause', async () => {
    const own = await startTestServer({ acceptsPerSecond: 10_000 });
    const { access_token: mine } = await passwordLogin(own.call);
    const { access_token: theirs } = await passwordLogin(own.call, 'other', 'secret');
    const clients = await Promise.all(Array.from({ length: 64 }, (_, n) => dial(own, mine, `h${n}`)));
    await Promise.all(clients.map((client) => client.hello()));
    expect(await (await dial(own, mine, 'surplus')).closed).toEqual({ code: 4429, reason: '{"ra":60000}' });
    await (await dial(own, theirs)).hello();
    clients[0]?.close();
    await clients[0]?.closed;
    await (await dial(own, mine, 'replacement')).hello();
    await own.stop();
  });

  test('a ticket of the same user renews the authorization of an open socket', async () => {
    const client = await dial(server, token);
    await client.hello();
    client.send(['auth', await socketTicket(server, token)]);
    expect(await client.until((frame) => (frame[0] === 'authok' ? frame[1] : undefined))).toBeGreaterThan(Date.now());
    const other = await passwordLogin(server.call, 'other', 'secret');
    client.send(['auth', await socketTicket(server, other.access_token)]);
    expect(await client.closed).toMatchObject({ code: 4403 });
  });

  test('the socket closes when its authorization expires', async () => {
    await server.fault('/lifetimes', { accessSeconds: 1 });
    const { access_token: brief } = await passwordLogin(server.call);
    await server.fault('/lifetimes', { accessSeconds: 300 });
    expect(await (await dial(server, brief)).closed).toMatchObject({ code: 4401 });
  });

  test('a sign-out closes the sockets of its session only [sign-out-closes-sockets]', async () => {
    const mine = await passwordLogin(server.call);
    const [leaving, staying] = await Promise.all([dial(server, mine.access_token, 'a'), dial(server, token, 'b')]);
    await Promise.all([leaving.hello(), staying.hello()]);
    await server.call('/api/v1/auth/logout', { json: { refresh_token: mine.refresh_token } });
    expect(await leaving.closed).toMatchObject({ code: 4401 });
    staying.send(['p', 1]);
    await staying.until((frame) => (frame[0] === 'q' ? true : undefined));
    staying.close();
  });
});

describe('a client that reads too slowly', () => {
  test('receives everything in order when it reads again', async () => {
    const topic = newTopic();
    const client = await dial(server, token);
    await client.subscribe(topic, null);
    const writer = await dial(server, token, 'writer');
    client.ws.pause();
    const padding = 'x'.repeat(10_000);
    const count = 2_000;
    await Promise.all(Array.from({ length: count }, (_, n) => writer.publish(topic, randomUUID(), { n, padding })));
    client.ws.resume();
    await client.reach(topic, count);
    expect(offsets(client, topic)).toEqual(Array.from({ length: count }, (_, index) => index + 1));
    [client, writer].forEach((each) => each.close());
  });
});

describe('heartbeat', () => {
  test('pings an idle socket after half of it, and disconnects a silent client after it', async () => {
    const own = await startTestServer({ heartbeatMs: 300 });
    const { access_token: mine } = await passwordLogin(own.call);
    const [silent, alive] = await Promise.all([dial(own, mine, 'silent'), dial(own, mine, 'alive')]);
    expect((await silent.hello()).heartbeatMs).toBe(300);
    alive.ws.on('message', () => alive.send(['q', 0]));
    await silent.until((frame) => (frame[0] === 'p' ? true : undefined));
    const startedAt = performance.now();
    expect(await silent.closed).toMatchObject({ code: 1006 });
    expect(performance.now() - startedAt).toBeLessThan(300 + 3_000 + 500);
    expect(alive.ws.readyState).toBe(WebSocket.OPEN);
    await own.stop();
  });
});
