import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { dial, dialWith, socketTicket, type HubClient } from '../support/hub-client.ts';
import {
  bearer,
  cookieLogin,
  passwordLogin,
  startTestServer,
  temporaryDir,
  type PasswordAnswer,
  type TestServer,
} from '../support/start.ts';

/* Two instances on one store. A client may come to either of them with each request. */

const { dir, remove } = temporaryDir();
let a: TestServer;
let b: TestServer;
let tokens: PasswordAnswer;
let token: string;

beforeAll(async () => {
  [a, b] = await Promise.all([startTestServer({ dataDir: dir }), startTestServer({ dataDir: dir })]);
  tokens = await passwordLogin(a.call);
  token = tokens.access_token;
});
afterAll(async () => {
  await Promise.all([a.stop(), b.stop()]);
  remove();
});

const membersAt = (client: HubClient): readonly string[] | undefined => {
  const last = client.frames.findLast((frame) => frame[0] === 'here');
  return last?.[0] === 'here' ? last[2].toSorted() : undefined;
};

test('accepts on one instance what the other issued', async () => {
  expect((await b.call('/api/v1/auth/whoami', { headers: bearer(token) })).status).toBe(200);
  const renewed = await b.call('/api/v1/auth/refresh', { json: { refresh_token: tokens.refresh_token } });
  const repeated = await a.call('/api/v1/auth/refresh', { json: { refresh_token: tokens.refresh_token } });
  const [first, second] = [(await renewed.json()) as PasswordAnswer, (await repeated.json()) as PasswordAnswer];
  expect(second.refresh_token).toBe(first.refresh_token);
  const cookie = await cookieLogin(a.call);
  expect(await (await b.call('/api/auth/status', { headers: { cookie } })).json()).toMatchObject({
    authenticated: true,
  });
});

test('opens one socket for a ticket that comes to both instances at once', async () => {
  const ticket = await socketTicket(a, token);
  const clients = [dialWith(a, ticket), dialWith(b, ticket)];
  await Promise.all(clients.map((client) => new Promise((done) => client.ws.once('open', done))));
  clients.forEach((client, index) => client.send(['hi', { host: `h${index}`, epoch: 1 }]));
  const outcomes = await Promise.all(
    clients.map((client) =>
      client.hello().then(
        () => 'open',
        () => 'closed',
      ),
    ),
  );
  expect(outcomes.toSorted()).toEqual(['closed', 'open']);
  for (const client of clients) client.close();
});

test('delivers on both instances, in order and without a gap, when both publish', async () => {
  const topic = randomUUID();
  const [x, y] = [await dial(a, token, 'x'), await dial(b, token, 'y')];
  await Promise.all([x.subscribe(topic, null), y.subscribe(topic, null)]);
  const count = 100;
  const publishing = [x, y].map(async (client, index) => {
    for (let n = 0; n < count; n += 1) await client.publish(topic, `${index}-${n}`, n);
  });
  await Promise.all(publishing);
  await Promise.all([x.reach(topic, 2 * count), y.reach(topic, 2 * count)]);
  const offsets = Array.from({ length: 2 * count }, (_, n) => n + 1);
  for (const client of [x, y]) expect(client.events(topic).map(({ offset }) => offset)).toEqual(offsets);
  x.close();
  y.close();
});

test('stores a message once, and resumes on another instance without a gap or a repetition', async () => {
  const topic = randomUUID();
  const [x, y] = [await dial(a, token, 'x2'), await dial(b, token, 'y2')];
  const { at } = await x.subscribe(topic, null);
  expect(await x.publish(topic, `${topic}-same`, 1)).toBe(1);
  expect(await y.publish(topic, `${topic}-same`, 1)).toBe(1);
  await x.reach(topic, 1);
  x.close();
  await y.publish(topic, `${topic}-next`, 2);
  const moved = await dial(b, token, 'x2', 2);
  expect((await moved.subscribe(topic, { epoch: at.epoch, offset: 1 })).resumed).toBe(true);
  await moved.reach(topic, 2);
  expect(moved.events(topic)).toEqual([{ offset: 2, data: 2 }]);
  moved.close();
  y.close();
});

test('sends the events of both instances to an event stream', async () => {
  const cookie = await cookieLogin(b.call);
  const { token: ticket } = (await (await b.call('/api/auth/token', { headers: { cookie } })).json()) as {
    token: string;
  };
  const stream = new WebSocket(`${b.url.replace('http', 'ws')}/api/events?token=${ticket}`, { origin: b.url });
  const offsets: unknown[] = [];
  await new Promise<void>((done) =>
    stream.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString()) as { type: string; topic?: string; offset?: number };
      if (message.type === 'connected') done();
      if (message.topic === 'streamed') offsets.push(message.offset);
    }),
  );
  const publisher = await dial(a, token, 'publisher');
  for (let n = 1; n <= 20; n += 1) await publisher.publish('streamed', `streamed-${n}`, n);
  await expect.poll(() => offsets.length).toBe(20);
  expect(offsets).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
  stream.close();
  publisher.close();
});

test('closes the older worker of a browser profile on the other instance', async () => {
  const older = await dial(a, token, 'profile', 1);
  await older.hello();
  const newer = await dial(b, token, 'profile', 2);
  await newer.hello();
  expect((await older.closed).code).toBe(4409);
  newer.close();
});

test('closes the sockets of a session on all instances within a second of its sign-out', async () => {
  const own = await passwordLogin(a.call);
  const sockets = [await dial(a, own.access_token, 'out-a'), await dial(b, own.access_token, 'out-b')];
  await Promise.all(sockets.map((socket) => socket.hello()));
  const startedAt = performance.now();
  await a.call('/api/v1/auth/logout', { json: { refresh_token: own.refresh_token } });
  const closes = await Promise.all(sockets.map((socket) => socket.closed));
  expect(closes.map(({ code }) => code)).toEqual([4401, 4401]);
  expect(performance.now() - startedAt).toBeLessThan(1_000);
  expect((await b.call('/api/v1/auth/whoami', { headers: bearer(own.access_token) })).status).toBe(401);
});

test('reports the members of both instances, and no leave when one moves to the other', async () => {
  const topic = randomUUID();
  const watcher = await dial(b, token, 'watcher');
  await watcher.subscribe(topic, null);
  watcher.send(['who', topic]);
  const mover = await dial(a, token, 'mover');
  await mover.subscribe(topic, null);
  await expect.poll(() => membersAt(watcher)).toEqual(['mover', 'watcher']);
  mover.ws.terminate();
  const moved = await dial(b, token, 'mover', 2);
  await moved.subscribe(topic, null);
  const other = await dial(a, token, 'other');
  await other.subscribe(topic, null);
  await expect.poll(() => membersAt(watcher)).toEqual(['mover', 'other', 'watcher']);
  const left = watcher.frames.filter(
    (frame) => frame[0] === 'here' && frame[1] === topic && !frame[2].includes('mover'),
  );
  expect(left.length, 'only before the first one came').toBeLessThanOrEqual(1);
  for (const client of [watcher, moved, other]) client.close();
});

test('counts wrong passwords over both instances', async () => {
  const statuses: number[] = [];
  for (let n = 0; n < 14; n += 1)
    statuses.push(
      (await (n % 2 === 0 ? a : b).call('/api/v1/auth/login', { json: { username: 'other', password: 'x' } })).status,
    );
  expect(statuses.filter((status) => status === 400)).toHaveLength(10);
  expect(statuses.slice(10)).toEqual([429, 429, 429, 429]);
});

test('revokes all access tokens on both instances when one raises their version', async () => {
  const own = await passwordLogin(a.call);
  await a.fault('/tokens/expire', {});
  await expect
    .poll(async () => (await b.call('/api/v1/auth/whoami', { headers: bearer(own.access_token) })).status)
    .toBe(401);
});
