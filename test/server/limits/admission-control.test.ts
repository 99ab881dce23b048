import { expect, test } from 'vitest';
import {
  createTicketQuota,
  createAdmissionControl,
  retryAfterSeconds,
} from '../../../server/limits/admission-control.ts';
import { bearer, passwordLogin, startTestServer } from '../support/start.ts';
import { dial } from '../support/hub-client.ts';

const PER_SECOND = 100;
const BURST = 101;

const createControl = () => {
  const clock = { now: 0 };
  return { clock, control: createAdmissionControl({ perSecond: PER_SECOND, now: () => clock.now }) };
};

test('admits the clients of one second at once, and reserves later slots for the next ones', () => {
  const { control } = createControl();
  for (let n = 0; n < BURST; n += 1) expect(control.admit(`${n}`)).toEqual({ type: 'now' });
  expect(control.admit('a')).toEqual({ type: 'later', ms: 1_010 });
  expect(control.admit('b')).toEqual({ type: 'later', ms: 1_020 });
});

test('keeps the slot of a client that comes too early, and admits it once at its time', () => {
  const { clock, control } = createControl();
  for (let n = 0; n < 6 * PER_SECOND; n += 1) control.admit(`${n}`);
  expect(control.admit('a')).toEqual({ type: 'later', ms: 6_000 });
  clock.now = 1_000;
  expect(control.admit('a')).toEqual({ type: 'later', ms: 5_000 });
  clock.now = 4_500;
  expect(control.admit('a')).toEqual({ type: 'now' });
  expect(control.admit('a')).toEqual({ type: 'later', ms: 1_510 });
});

test('admits no more clients than the rate, however often they come', () => {
  const { clock, control } = createControl();
  let taken = 0;
  for (clock.now = 0; clock.now < 60_000; clock.now += 10)
    for (let n = 0; n < 5; n += 1)
      if (control.admit(`client ${(clock.now / 10 + n * 977) % 20_000}`).type === 'now') taken += 1;
  expect(taken).toBeLessThanOrEqual(62 * PER_SECOND);
  expect(taken).toBeGreaterThan(30 * PER_SECOND);
});

test('drops an unused slot after a minute', () => {
  const { clock, control } = createControl();
  for (let n = 0; n < 2 * PER_SECOND; n += 1) control.admit(`${n}`);
  clock.now = 130_000;
  control.admit('x');
  expect(control.admit('150'), 'a client without a slot').toEqual({ type: 'now' });
});

test('returns the window that the clients need at this rate, but never 0', () => {
  const { control } = createControl();
  expect(control.windowMs(1_000)).toBe(10_000);
  expect(control.windowMs(1)).toBe(250);
});

test('sets Retry-After to the time until the slot, minus the one second of client jitter', () => {
  const values = Array.from({ length: 100 }, (_, n) => retryAfterSeconds(10_000, n / 100));
  expect(values.reduce((sum, seconds) => sum + seconds, 0) / values.length).toBeCloseTo(9, 0);
  expect(Math.max(...values)).toBeLessThanOrEqual(10);
  expect(retryAfterSeconds(300, 0)).toBe(0);
});

test('limits one client to its quota in a window', () => {
  let now = 0;
  const quota = createTicketQuota(() => now);
  for (let n = 0; n < 200; n += 1) expect(quota.admit('a')).toEqual({ type: 'now' });
  now = 4_000;
  expect(quota.admit('a')).toEqual({ type: 'later', ms: 6_000 });
  expect(quota.admit('b')).toEqual({ type: 'now' });
  now = 10_000;
  expect(quota.admit('a')).toEqual({ type: 'now' });
});

test('answers 503 with Retry-After over capacity, then admits; hello contains the window', async () => {
  const server = await startTestServer({ acceptsPerSecond: 4 });
  try {
    const { access_token: token } = await passwordLogin(server.call);
    const ticket = () => server.call('/api/v1/socket/ticket', { method: 'POST', headers: bearer(token) });
    const clients = [await dial(server, token, 'a'), await dial(server, token, 'b')];
    expect((await clients[1]?.hello())?.windowMs).toBe(500);
    const responses = await Promise.all(Array.from({ length: 40 }, ticket));
    const refused = responses.filter(({ status }) => status === 503).at(-1);
    expect(await refused?.json()).toMatchObject({ code: 'over-capacity' });
    const seconds = Number(refused?.headers.get('retry-after') ?? NaN);
    expect(seconds).toBeGreaterThanOrEqual(0);
    expect(seconds).toBeLessThanOrEqual(4);
    await expect.poll(async () => (await ticket()).status, { interval: 250, timeout: 5_000 }).toBe(200);
    clients.forEach((client) => client.close());
  } finally {
    await server.stop();
  }
});

test('shares the ticket quota between the sessions of one person', async () => {
  const server = await startTestServer({ acceptsPerSecond: 10_000 });
  const newSession = async (): Promise<() => Promise<Response>> => {
    const { access_token: token } = await passwordLogin(server.call);
    return () => server.call('/api/v1/socket/ticket', { method: 'POST', headers: bearer(token) });
  };
  try {
    const [first, second] = [await newSession(), await newSession()];
    // A window may end between the two. Then `poll` tries again in the next one.
    const statusAfterFirst = async (): Promise<number> => {
      await Promise.all(Array.from({ length: 250 }, first));
      return (await second()).status;
    };
    await expect.poll(statusAfterFirst, { timeout: 20_000 }).toBe(429);
  } finally {
    await server.stop();
  }
});

test('answers 429 with Retry-After to a client that requests too many tickets', async () => {
  const server = await startTestServer({ acceptsPerSecond: 10_000 });
  try {
    const { access_token: token } = await passwordLogin(server.call);
    const ticket = () => server.call('/api/v1/socket/ticket', { method: 'POST', headers: bearer(token) });
    const responses = await Promise.all(Array.from({ length: 450 }, ticket));
    const refused = responses.find(({ status }) => status === 429);
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await refused?.json()).toMatchObject({ code: 'rate-limited' });
    const { access_token: other } = await passwordLogin(server.call, 'other', 'secret');
    expect((await server.call('/api/v1/socket/ticket', { method: 'POST', headers: bearer(other) })).status).toBe(200);
  } finally {
    await server.stop();
  }
});
