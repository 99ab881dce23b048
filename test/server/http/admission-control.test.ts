import { expect, test } from 'vitest';
import {
  createTicketQuota,
  createAdmissionControl,
  retryAfterSeconds,
} from '../../../server/http/admission-control.ts';
import { bearer, passwordLogin, startTestServer } from '../support/start.ts';
import { dial } from '../support/hub-client.ts';

const PER_SECOND = 100;
const BURST = 101;

const paced = () => {
  const clock = { now: 0 };
  return { clock, pace: createAdmissionControl({ perSecond: PER_SECOND, now: () => clock.now }) };
};

test('a second of work is taken at once; who comes then has a slot, each a hundredth of a second after the other', () => {
  const { pace } = paced();
  for (let n = 0; n < BURST; n += 1) expect(pace.admit(`${n}`)).toEqual({ type: 'now' });
  expect(pace.admit('a')).toEqual({ type: 'later', ms: 1_010 });
  expect(pace.admit('b')).toEqual({ type: 'later', ms: 1_020 });
});

test('a slot is kept: asking again neither shortens nor costs it, and in its time it is good once', () => {
  const { clock, pace } = paced();
  for (let n = 0; n < 6 * PER_SECOND; n += 1) pace.admit(`${n}`);
  expect(pace.admit('a')).toEqual({ type: 'later', ms: 6_000 });
  clock.now = 1_000;
  expect(pace.admit('a')).toEqual({ type: 'later', ms: 5_000 });
  clock.now = 4_500;
  expect(pace.admit('a')).toEqual({ type: 'now' });
  expect(pace.admit('a')).toEqual({ type: 'later', ms: 1_510 });
});

test('over a long rush no more come in than the pace, whoever asks how often', () => {
  const { clock, pace } = paced();
  let taken = 0;
  for (clock.now = 0; clock.now < 60_000; clock.now += 10)
    for (let n = 0; n < 5; n += 1)
      if (pace.admit(`client ${(clock.now / 10 + n * 977) % 20_000}`).type === 'now') taken += 1;
  expect(taken).toBeLessThanOrEqual(62 * PER_SECOND);
  expect(taken).toBeGreaterThan(30 * PER_SECOND);
});

test('a slot that nobody came for is forgotten after a minute', () => {
  const { clock, pace } = paced();
  for (let n = 0; n < 2 * PER_SECOND; n += 1) pace.admit(`${n}`);
  clock.now = 130_000;
  pace.admit('x');
  expect(pace.admit('150'), 'an ordinary newcomer').toEqual({ type: 'now' });
});

test('the window is what the clients need at this pace, and never nothing', () => {
  const { pace } = paced();
  expect(pace.windowMs(1_000)).toBe(10_000);
  expect(pace.windowMs(1)).toBe(250);
});

test('seconds told are about the slot, less the second over which clients spread', () => {
  const told = Array.from({ length: 100 }, (_, n) => retryAfterSeconds(10_000, n / 100));
  expect(told.reduce((sum, seconds) => sum + seconds, 0) / told.length).toBeCloseTo(9, 0);
  expect(Math.max(...told)).toBeLessThanOrEqual(10);
  expect(retryAfterSeconds(300, 0)).toBe(0);
});

test('one client has its share of a window', () => {
  let now = 0;
  const allowance = createTicketQuota(() => now);
  for (let n = 0; n < 200; n += 1) expect(allowance.admit('a')).toEqual({ type: 'now' });
  now = 4_000;
  expect(allowance.admit('a')).toEqual({ type: 'later', ms: 6_000 });
  expect(allowance.admit('b')).toEqual({ type: 'now' });
  now = 10_000;
  expect(allowance.admit('a')).toEqual({ type: 'now' });
});

test('over its capacity the ticket route says when to come, and then lets in; the hello announces the window', async () => {
  const server = await startTestServer({ acceptsPerSecond: 4 });
  try {
    const { access_token: token } = await passwordLogin(server.call);
    const ticket = () => server.call('/api/v1/socket/ticket', { method: 'POST', headers: bearer(token) });
    const clients = [await dial(server, token, 'a'), await dial(server, token, 'b')];
    expect((await clients[1]?.hello())?.windowMs).toBe(500);
    const answers = await Promise.all(Array.from({ length: 40 }, ticket));
    const refused = answers.filter(({ status }) => status === 503).at(-1);
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

test('another session of the same person has no share of its own', async () => {
  const server = await startTestServer({ acceptsPerSecond: 10_000 });
  const ask = async (): Promise<() => Promise<Response>> => {
    const { access_token: token } = await passwordLogin(server.call);
    return () => server.call('/api/v1/socket/ticket', { method: 'POST', headers: bearer(token) });
  };
  try {
    const [first, second] = [await ask(), await ask()];
    // A window may end between the two; then they are asked in the next one.
    const afterTheFirst = async (): Promise<number> => {
      await Promise.all(Array.from({ length: 250 }, first));
      return (await second()).status;
    };
    await expect.poll(afterTheFirst, { timeout: 20_000 }).toBe(429);
  } finally {
    await server.stop();
  }
});

test('a client that asks without end is told to slow down: 429, and when', async () => {
  const server = await startTestServer({ acceptsPerSecond: 10_000 });
  try {
    const { access_token: token } = await passwordLogin(server.call);
    const ticket = () => server.call('/api/v1/socket/ticket', { method: 'POST', headers: bearer(token) });
    const answers = await Promise.all(Array.from({ length: 450 }, ticket));
    const refused = answers.find(({ status }) => status === 429);
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await refused?.json()).toMatchObject({ code: 'rate-limited' });
    const { access_token: other } = await passwordLogin(server.call, 'other', 'secret');
    expect((await server.call('/api/v1/socket/ticket', { method: 'POST', headers: bearer(other) })).status).toBe(200);
  } finally {
    await server.stop();
  }
});
