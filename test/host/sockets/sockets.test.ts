import 'fake-indexeddb/auto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock, type Clock } from '../../../src/host/runtime/clock.ts';
import { createOutboxStore } from '../../../src/host/storage/outbox-store.ts';
import { BATCH_WINDOW_MS } from '../../../src/host/tabs/tab-batcher.ts';
import { startHost, startTestServer, type TestHost, type TestHostOptions, type TestServer } from './sockets-world.ts';

let server: TestServer;
const hosts: TestHost[] = [];

const host = (options?: TestHostOptions): TestHost => {
  const made = startHost(server, options);
  hosts.push(made);
  return made;
};

const stateOf = ({ sockets }: TestHost, url = '/api/socket') => sockets.views()[url]?.state;
const isOpen = (it: TestHost, url?: string) => it.until(() => stateOf(it, url) === 'open', `open ${url ?? ''}`);
const offsets = (it: TestHost, tab: string) => it.of(tab, 'event').map(({ offset }) => offset);
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

beforeEach(async () => {
  server = await startTestServer();
});

afterEach(async () => {
  for (const { sockets } of hosts.splice(0)) {
    sockets.session({ generation: undefined });
    for (const tab of ['t1', 't2', 't3']) sockets.tabLeft(tab);
    await sockets.settled();
  }
  const store = createOutboxStore();
  const left = await store.load();
  if (left.ok) await store.remove(left.value.map(({ id }) => id));
  await server.stop();
});

test('connects when there is a tab and a session', async () => {
  const it = host();
  it.sockets.tabArrived('t1', []);
  expect(stateOf(it)).toBe('parked');
  it.sockets.session({ generation: 1, sub: 'u' });
  await isOpen(it);
  expect(stateOf(it, '/api/events')).toBe('parked');
  expect(server.dials).toEqual(['/api/socket']);
});

test('joins at the head and delivers every event in few batches', async () => {
  server.say('a', 3);
  const it = host();
  it.sockets.session({ generation: 1, sub: 'u' });
  it.sockets.tabArrived('t1', [['a', null]]);
  await it.until(() => it.of('t1', 'joined').length === 1, 'joined');
  expect(it.of('t1', 'joined')[0]?.at).toEqual({ epoch: 'e0', offset: 3 });
  server.say('a', 500);
  await it.until(() => it.of('t1', 'event').length === 500, '500 events');
  expect(offsets(it, 't1')).toEqual(numbers(4, 503));
  expect(it.deliveries.length).toBeLessThan(250);
  expect(it.sockets.views()['/api/socket']).toMatchObject({ state: 'open', received: 500, lost: 0 });
});

test('reconnects a cut connection without a gap for the tab (invariants 9, 10)', async () => {
  const it = host();
  it.sockets.session({ generation: 1, sub: 'u' });
  it.sockets.tabArrived('t1', [['a', null]]);
  await it.until(() => it.of('t1', 'joined')[0], 'joined');
  server.say('a', 2);
  await it.until(() => it.of('t1', 'event').length === 2, 'before');
  server.cut();
  server.say('a', 3);
  await it.until(() => it.of('t1', 'event').length === 5, 'after');
  expect(offsets(it, 't1')).toEqual(numbers(1, 5));
  expect(it.of('t1', 'joined')).toHaveLength(1);
  expect(it.of('t1', 'gap')).toEqual([]);
  expect(it.sockets.views()['/api/socket']?.resumed).toBe(1);
  expect(server.hub.reusedTickets).toBe(0);
});

test('serves a tab that is behind from memory, without another subscription', async () => {
  const it = host();
  it.sockets.session({ generation: 1, sub: 'u' });
  it.sockets.tabArrived('t1', [['a', null]]);
  await it.until(() => it.of('t1', 'joined')[0], 'joined');
  server.say('a', 10);
  await it.until(() => it.of('t1', 'event').length === 10, 'ten');
  it.sockets.tabArrived('t2', [['a', { epoch: 'e0', offset: 4 }]]);
  await it.until(() => it.of('t2', 'event').length === 6, 'six');
  expect(it.of('t2', 'joined')[0]?.at.offset).toBe(4);
  expect(offsets(it, 't2')).toEqual(numbers(5, 10));
  expect(offsets(it, 't1')).toEqual(numbers(1, 10));
});

test('replays from the server for a tab that is further behind, and no tab receives an event twice', async () => {
  server.say('a', 20);
  const it = host();
  it.sockets.session({ generation: 1, sub: 'u' });
  it.sockets.tabArrived('t1', [['a', null]]);
  await it.until(() => it.of('t1', 'joined')[0], 'joined');
  it.sockets.tabArrived('t2', [['a', { epoch: 'e0', offset: 3 }]]);
  await it.until(() => it.of('t2', 'event').length === 17, 'history');
  server.say('a', 1);
  await it.until(() => it.of('t1', 'event').length === 1 && it.of('t2', 'event').length === 18, 'new');
  expect(offsets(it, 't2')).toEqual(numbers(4, 21));
  expect(offsets(it, 't1')).toEqual([21]);
});

test('reports the range of events that the history no longer holds [gap-with-range]', async () => {
  server.say('a', 20);
  server.hub.trim('a', 5);
  const it = host();
  it.sockets.session({ generation: 1, sub: 'u' });
  it.sockets.tabArrived('t1', [['a', { epoch: 'e0', offset: 3 }]]);
  await it.until(() => it.of('t1', 'event').length === 5, 'the rest');
  expect(it.of('t1', 'gap')).toEqual([{ type: 'gap', topic: 'a', epoch: 'e0', from: 4, to: 15 }]);
  expect(offsets(it, 't1')).toEqual(numbers(16, 20));
  await it.until(() => it.sockets.views()['/api/socket']?.lost === 12, 'counted');
});

test('continues at the cursors of the tabs in a new worker, and stops the old one for good at 4409', async () => {
  const old = host({ fence: 1 });
  old.sockets.session({ generation: 1, sub: 'u' });
  old.sockets.tabArrived('t1', [['a', null]]);
  await old.until(() => old.of('t1', 'joined')[0], 'joined');
  server.say('a', 2);
  await old.until(() => old.of('t1', 'event').length === 2, 'two');
  const next = host({ fence: 2 });
  next.sockets.session({ generation: 1, sub: 'u' });
  next.sockets.tabArrived('t1', [['a', { epoch: 'e0', offset: 1 }]]);
  await next.until(() => next.of('t1', 'event').length === 1, 'resumed');
  expect(offsets(next, 't1')).toEqual([2]);
  for (const connection of [...server.hub.connections].slice(0, 1)) server.hub.drop(connection, 4409, '');
  await old.until(() => stateOf(old) === 'stopped', 'superseded');
  old.sockets.nudge('user');
  expect(stateOf(old)).toBe('stopped');
});

test('connects again under another name when the newer worker belongs to a copy of the profile', async () => {
  const copy = host({
    fence: 1,
    leaveOtherLineage: (identity) => {
      identity.host = 'another';
      return true;
    },
  });
  copy.sockets.session({ generation: 1, sub: 'u' });
  copy.sockets.tabArrived('t1', [['a', null]]);
  await copy.until(() => copy.of('t1', 'joined')[0], 'joined');
  for (const connection of [...server.hub.connections]) server.hub.drop(connection, 4409, '');
  await copy.until(
    () => stateOf(copy) === 'open' && copy.journal.some((line) => line.includes('resting')),
    'open again',
  );
  server.say('a', 1);
  await copy.until(() => copy.of('t1', 'event').length === 1, 'an event');
  expect(offsets(copy, 't1')).toEqual([1]);
});

test('stores a publication first, and deletes it when the server has acknowledged it', async () => {
  const store = createOutboxStore();
  const it = host({ outbox: store });
  it.sockets.tabArrived('t1', []);
  it.sockets.tabArrived('t2', []);
  expect(await it.sockets.publish({ id: 'p1', topic: 'a', data: { text: 'ä' } })).toEqual({ ok: true, value: null });
  expect(await store.load()).toMatchObject({ ok: true, value: [{ id: 'p1', topic: 'a', json: '{"text":"ä"}' }] });
  it.sockets.session({ generation: 1, sub: 'u' });
  await it.until(() => it.of('t1', 'acked')[0] && it.of('t2', 'acked')[0], 'acked');
  expect(it.of('t1', 'acked')).toEqual([{ type: 'acked', id: 'p1', offset: 1 }]);
  await it.sockets.settled();
  expect(await store.load()).toEqual({ ok: true, value: [] });
});

test('sends publications once and in order after an outage and the death of a worker', async () => {
  await server.stop();
  const dead = host({ fence: 1 });
  dead.sockets.session({ generation: 1, sub: 'u' });
  await Promise.all(numbers(1, 20).map((n) => dead.sockets.publish({ id: `p${n}`, topic: 'a', data: n })));
  dead.sockets.session({ generation: undefined });
  await server.start();
  const it = host({ fence: 2 });
  it.sockets.session({ generation: 1, sub: 'u' });
  it.sockets.tabArrived('t1', []);
  await it.until(() => it.of('t1', 'acked').length === 20, 'twenty');
  expect(server.hub.history('a').events.map(({ id }) => id)).toEqual(numbers(1, 20).map((n) => `p${n}`));
  expect(await it.sockets.publish({ id: 'p1', topic: 'a', data: 1 })).toEqual({ ok: true, value: null });
  await it.until(() => it.of('t1', 'acked').length === 21, 'again');
  expect(server.hub.head('a')).toBe(20);
});

test('drops the publications of the previous user', async () => {
  await server.stop();
  const it = host();
  it.sockets.session({ generation: 1, sub: 'ann' });
  await it.sockets.publish({ id: 'p1', topic: 'a', data: 1 });
  it.sockets.session({ generation: undefined });
  await server.start();
  it.sockets.session({ generation: 2, sub: 'bob' });
  await it.sockets.publish({ id: 'p2', topic: 'a', data: 2 });
  it.sockets.tabArrived('t1', []);
  await it.until(() => it.of('t1', 'acked')[0], "bob's");
  await it.sockets.settled();
  expect(server.hub.history('a').events.map(({ id }) => id)).toEqual(['p2']);
  expect(await createOutboxStore().load()).toEqual({ ok: true, value: [] });
});

test('does not connect a new session before its user is known', async () => {
  await server.stop();
  const it = host();
  it.sockets.session({ generation: 1, sub: 'ann', scope: 1 });
  await it.sockets.publish({ id: 'p1', topic: 'a', data: 1 });
  it.sockets.tabArrived('t1', []);
  it.sockets.session({ generation: undefined, scope: 2 });
  await server.start();
  it.sockets.session({ generation: 2, scope: 2 });
  expect(stateOf(it)).toBe('parked');
  it.sockets.session({ generation: 2, sub: 'bob', scope: 2 });
  await isOpen(it);
  await it.sockets.settled();
  expect(server.hub.head('a')).toBe(0);
});

test('drops events for tabs that wait in a batch at sign-out', async () => {
  const held: (() => void)[] = [];
  let stoppedAt = 0;
  const clock: Clock = {
    now: () => stoppedAt || systemClock.now(),
    schedule(at, run) {
      if (stoppedAt === 0 || at > stoppedAt + BATCH_WINDOW_MS) return systemClock.schedule(at, run);
      held.push(run);
      return () => undefined;
    },
  };
  const it = host({ clock });
  it.sockets.session({ generation: 1, sub: 'ann', scope: 1 });
  it.sockets.tabArrived('t1', [['a', null]]);
  await it.until(() => it.of('t1', 'joined').length === 1, 'joined');
  // Well after the window of earlier batches.
  stoppedAt = systemClock.now() + 1_000;
  server.say('a', 1);
  await it.until(() => it.of('t1', 'event').length === 1, 'the first event leaves at once');
  server.say('a', 3);
  await expect.poll(() => held.length).toBe(1);
  it.sockets.session({ generation: undefined, scope: 2 });
  held.forEach((run) => run());
  expect(it.deliveries.at(-1)).toEqual([]);
  expect(offsets(it, 't1')).toEqual([1]);
});

test('rejects a publication that is too large, not JSON or without an id', async () => {
  const it = host();
  expect(await it.sockets.publish({ id: 'p1', topic: 'a', data: 'x'.repeat(1_000_001) })).toMatchObject({
    ok: false,
    problem: { code: 'over-limit' },
  });
  expect(await it.sockets.publish({ id: 'p2', topic: 'a', data: 1n })).toMatchObject({
    ok: false,
    problem: { code: 'bad-message' },
  });
  expect(await it.sockets.publish({ id: '', topic: 'a', data: 1 })).toMatchObject({
    ok: false,
    problem: { code: 'bad-message' },
  });
});

test('drops a publication that the server refuses, and sends the next one', async () => {
  const it = host();
  it.sockets.session({ generation: 1, sub: 'u' });
  it.sockets.tabArrived('t1', []);
  await it.sockets.publish({ id: 'big', topic: 'a', data: 'x'.repeat(70_000) });
  await it.sockets.publish({ id: 'small', topic: 'a', data: 'x' });
  await it.until(() => it.of('t1', 'refused')[0] && it.of('t1', 'acked')[0], 'both');
  expect(it.of('t1', 'refused')[0]).toMatchObject({ id: 'big', problem: { code: 'over-limit' } });
  expect(it.of('t1', 'acked')[0]).toMatchObject({ id: 'small' });
});

test('reports the session when the server refuses a ticket, and connects with newer tokens (invariant 8)', async () => {
  server.hub.minGeneration = 2;
  const it = host();
  it.sockets.session({ generation: 1, sub: 'u' });
  it.sockets.tabArrived('t1', []);
  await it.until(() => it.unauthorized.length > 0, 'reported');
  expect(it.unauthorized).toEqual([1]);
  expect(it.sockets.views()['/api/socket']).toMatchObject({
    state: 'resting',
    problem: { code: 'credentials-rejected', status: 401 },
  });
  server.generation = 2;
  it.sockets.session({ generation: 2, sub: 'u' });
  await isOpen(it);
});

test('reports the session and reconnects at once when the server closes with 4401 [close-4401]', async () => {
  const it = host();
  it.sockets.session({ generation: 1, sub: 'u' });
  it.sockets.tabArrived('t1', []);
  await isOpen(it);
  for (const connection of [...server.hub.connections]) server.hub.drop(connection, 4401, '');
  await it.until(() => stateOf(it) === 'ticketing', 'at once');
  await isOpen(it);
  expect(it.unauthorized).toEqual([1]);
});

test('waits for `Retry-After` unless the user retries', async () => {
  server.ticketAnswers.push({ status: 429, headers: { 'retry-after': '30' } });
  const it = host();
  it.sockets.session({ generation: 1, sub: 'u' });
  it.sockets.tabArrived('t1', []);
  const view = await it.until(() => stateOf(it) === 'resting' && it.sockets.views()['/api/socket'], 'resting');
  expect((view.nextTryAt ?? 0) - Date.now()).toBeGreaterThan(29_000);
  it.sockets.nudge('online');
  it.sockets.nudge('visible');
  expect(stateOf(it)).toBe('resting');
  it.sockets.nudge('user');
  await isOpen(it);
});

test.each([
  { status: 403, state: 'resting', problem: { code: 'credentials-rejected', status: 403 } },
  { status: 503, state: 'resting', problem: { code: 'server-unavailable', status: 503 } },
  { status: 200, body: '<!doctype html>', state: 'resting', problem: { code: 'unexpected-answer', status: 200 } },
])('shows $state when the ticket endpoint answers $status', async ({ status, body, state, problem }) => {
  server.ticketAnswers.push({ status, ...(body === undefined ? {} : { body }) });
  const it = host();
  it.sockets.session({ generation: 1, sub: 'u' });
  it.sockets.tabArrived('t1', []);
  await it.until(() => stateOf(it) === state, state);
  expect(it.sockets.views()['/api/socket']?.problem).toMatchObject(problem);
  it.sockets.nudge('user');
  await isOpen(it);
});

test('replaces a silent connection within its heartbeat + 3 s (invariant 7) [silent-socket]', async () => {
  server.hub.heartbeatMs = 1_000;
  const it = host();
  it.sockets.session({ generation: 1, sub: 'u' });
  it.sockets.tabArrived('t1', [['a', null]]);
  await it.until(() => it.of('t1', 'joined')[0], 'joined');
  for (const connection of server.hub.connections) connection.silent = true;
  const since = Date.now();
  server.say('a', 1);
  await it.until(() => stateOf(it) !== 'open', 'noticed');
  expect(Date.now() - since).toBeLessThan(4_500);
  await it.until(() => it.of('t1', 'event').length === 1, 'replayed');
  expect(offsets(it, 't1')).toEqual([1]);
});

test('closes at once at sign-out and does not dial again', async () => {
  const it = host();
  it.sockets.session({ generation: 1, sub: 'u' });
  it.sockets.tabArrived('t1', [['a', null]]);
  await isOpen(it);
  it.sockets.session({ generation: undefined });
  expect(stateOf(it)).toBe('parked');
  const dials = server.dials.length;
  it.sockets.nudge('user');
  expect(stateOf(it)).toBe('parked');
  expect(server.dials).toHaveLength(dials);
});

test('keeps the open connection at a hand-over, and does not reconnect it', async () => {
  const it = host();
  it.sockets.session({ generation: 1, sub: 'u' });
  it.sockets.tabArrived('t1', [['a', null]]);
  await isOpen(it);
  it.sockets.handOver();
  expect(stateOf(it)).toBe('open');
  server.cut();
  await it.until(() => stateOf(it) === 'stopped', 'stopped');
  it.sockets.resume();
  await isOpen(it);
});

test('shows no ticket in the journal, in a view or in a frame (invariant 11) [ticket-not-logged]', async () => {
  const it = host();
  it.sockets.session({ generation: 1, sub: 'u' });
  it.sockets.tabArrived('t1', [['a', null]]);
  it.sockets.fromTab('t1', { type: 'socket-open', socket: 's1', url: '/api/events', protocols: [], again: null });
  await it.until(() => it.of('t1', 'socket-opened')[0], 'opened');
  server.hub.minGeneration = 2;
  server.cut();
  await it.until(() => it.unauthorized.length > 0, 'refused');
  const output = [...it.journal, JSON.stringify([...it.frames]), JSON.stringify(it.sockets.views())].join('\n');
  for (const ticket of server.hub.tickets.keys()) expect(output).not.toContain(ticket);
  expect(server.hub.tickets.size).toBeGreaterThan(0);
});
