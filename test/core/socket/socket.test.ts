import { expect, test } from 'vitest';
import { initialSocket, stepSocket } from '../../../src/core/socket/socket.ts';
import { alarmOf } from '../../../src/core/socket/socket-timers.ts';
import {
  socketPolicy,
  type Socket,
  type SocketEffect,
  type SocketEvent,
  type SocketInputs,
} from '../../../src/core/socket/socket-types.ts';
import type { Problem } from '../../../src/protocol/problem.ts';

const POLICY = socketPolicy('/api/socket');
const START = 1_000_000;
const WANTED: SocketInputs = { generation: 1, wanted: true, online: true, visible: true };
const FORBIDDEN: Problem = { code: 'credentials-rejected', at: '/api/v1/socket/ticket', status: 403 };
const LOST: Problem = { code: 'network-unreachable', at: '/api/socket' };

/** A machine and its effects. Only `ring` and the test move the time. */
class Probe {
  socket: Socket = initialSocket;
  now = START;
  chance = 0;
  effects: SocketEffect[] = [];
  policy = POLICY;

  dispatch(...events: SocketEvent[]): this {
    for (const event of events) {
      const step = stepSocket(this.socket, event, { now: this.now, chance: this.chance }, this.policy);
      this.socket = step.machine;
      this.effects.push(...step.effects);
    }
    return this;
  }

  /** Fires the alarm `late` ms after its time. */
  ring(late = 0): this {
    const { due } = this;
    this.now = due + late;
    return this.dispatch({ type: 'alarm', due });
  }

  take(): SocketEffect[] {
    return this.effects.splice(0);
  }

  get state() {
    return this.socket.state;
  }

  get due(): number {
    return alarmOf(this.socket) ?? expect.unreachable();
  }

  get call(): number {
    return 'call' in this.state ? this.state.call : expect.unreachable();
  }
}

const fetchingTicket = (): Probe => new Probe().dispatch({ type: 'inputs', inputs: WANTED });
const connecting = (): Probe => {
  const probe = fetchingTicket();
  return probe.dispatch({ type: 'ticket', call: probe.call, ticket: 'x', freshForMs: 30_000 });
};
const opened = (greeting: { heartbeatMs?: number; windowMs?: number; expiresInMs?: number } = {}): Probe => {
  const probe = connecting();
  probe.dispatch({ type: 'greeted', call: probe.call, ...greeting }).take();
  return probe;
};
const close = (probe: Probe, verdict: (SocketEvent & { type: 'closed' })['verdict']): Probe =>
  probe.dispatch({ type: 'closed', call: probe.call, verdict, problem: LOST });
const inBackoff = (chance = 0.5): Probe => {
  const probe = fetchingTicket();
  probe.chance = chance;
  probe.dispatch({ type: 'ticket-failed', call: probe.call, problem: LOST }).take();
  return probe;
};

test('stays idle when there is no session or no tab wants a connection', () => {
  const probe = new Probe().dispatch({ type: 'inputs', inputs: { ...WANTED, generation: undefined } });
  expect(probe.state.state).toBe('idle');
  probe.dispatch({ type: 'inputs', inputs: { ...WANTED, wanted: false } }, { type: 'nudge', cause: 'user' });
  expect(probe.state.state).toBe('idle');
  expect(probe.effects).toEqual([]);
});

test('fetches a ticket, connects and waits for the greeting when a tab wants a connection', () => {
  const probe = connecting();
  expect(probe.take()).toEqual([
    { type: 'fetch-ticket', call: 1 },
    { type: 'dial', call: 1, ticket: 'x' },
  ]);
  probe.dispatch({ type: 'greeted', call: 1, heartbeatMs: 10_000, windowMs: 500, expiresInMs: 60_000 });
  expect(probe.state).toMatchObject({
    state: 'open',
    heartbeatMs: 10_000,
    renewal: { type: 'due', renewAt: START + 30_000 },
  });
});

test('ignores answers to another attempt', () => {
  const probe = fetchingTicket();
  const before = probe.socket;
  probe.dispatch(
    { type: 'ticket', call: 9, ticket: 'x', freshForMs: 1 },
    { type: 'greeted', call: 9 },
    { type: 'closed', call: 9, verdict: { type: 'stop' }, problem: LOST },
    { type: 'alarm', due: 1 },
  );
  expect(probe.socket).toBe(before);
});

test('closes the socket ten seconds after the last tab left, unless a tab returns', () => {
  const probe = opened({ heartbeatMs: 60_000 });
  probe.dispatch({ type: 'inputs', inputs: { ...WANTED, wanted: false } });
  expect(alarmOf(probe.socket)).toBe(START + 10_000);
  probe.dispatch({ type: 'inputs', inputs: WANTED });
  expect(alarmOf(probe.socket)).toBe(START + 60_000);
  probe.dispatch({ type: 'inputs', inputs: { ...WANTED, wanted: false } }).ring();
  expect(probe.state.state).toBe('idle');
  expect(probe.take()).toEqual([{ type: 'hang-up', call: 1, code: 1000 }]);
});

test('keeps the pause when a page reloads during it', () => {
  const probe = fetchingTicket();
  probe.dispatch({
    type: 'ticket-failed',
    call: 1,
    problem: { code: 'rate-limited', at: 't', status: 429, retryAfterMs: 30_000 },
  });
  probe.dispatch({ type: 'inputs', inputs: { ...WANTED, wanted: false } }, { type: 'inputs', inputs: WANTED });
  expect(probe.state).toMatchObject({ state: 'backoff', reason: { type: 'paused' }, retryAt: START + 30_000 });
});

test('retries when the browser is online again or a page becomes visible or thaws, at most once a second', () => {
  const probe = inBackoff(0.9);
  probe.ring().dispatch({ type: 'ticket-failed', call: probe.call, problem: LOST }).take();
  probe.dispatch({ type: 'nudge', cause: 'thaw' });
  expect(probe.state).toMatchObject({ state: 'backoff', retryAt: probe.now + 1_000 });
  probe.now += 1_000;
  probe.dispatch({ type: 'nudge', cause: 'hidden' }, { type: 'nudge', cause: 'offline' });
  expect(probe.state.state).toBe('backoff');
  probe.dispatch({ type: 'nudge', cause: 'online' });
  expect(probe.state).toMatchObject({ state: 'fetching-ticket', attempts: 3 });
});

test('probes when the browser goes offline, waits longer while it is offline, and retries when it is online', () => {
  const probe = opened();
  probe.dispatch({ type: 'inputs', inputs: { ...WANTED, online: false } });
  expect(probe.take()).toEqual([{ type: 'probe', call: 1 }]);
  close(probe, { type: 'redial' });
  expect(probe.state).toMatchObject({ state: 'backoff', retryAt: START + POLICY.offlineRetryMs });
  probe.now += 2_000;
  probe.dispatch({ type: 'inputs', inputs: WANTED });
  expect(probe.state.state).toBe('fetching-ticket');
});

test('probes at each heartbeat, and drops the socket when no answer arrives within three seconds (invariant 7)', () => {
  const probe = opened({ heartbeatMs: 10_000 });
  probe.dispatch({ type: 'received', call: 1 }).ring();
  expect(probe.now).toBe(START + 10_000);
  expect(probe.take()).toEqual([{ type: 'probe', call: 1 }]);
  probe.ring();
  expect(probe.now).toBe(START + 13_000);
  expect(probe.take()).toEqual([{ type: 'hang-up', call: 1, code: 4000 }]);
  expect(probe.state).toMatchObject({ state: 'backoff', problem: { code: 'timeout' } });
});

/** Its socket was silent, and it waits before the first attempt. */
const afterSilence = (greeting: { windowMs?: number } = {}): Probe => {
  const probe = opened(greeting).ring().ring();
  expect(probe.state).toMatchObject({ state: 'backoff', problem: { code: 'timeout' } });
  return probe;
};

test('uses short deadlines for six attempts after a silent socket, then long ones', () => {
  const probe = afterSilence();
  const patience: number[] = [];
  for (let attempts = 1; attempts <= 8; attempts += 1) {
    probe.ring();
    patience.push(probe.due - probe.now);
    probe.ring();
  }
  const { answerWithinMs: soon, connectWithinMs: late } = POLICY;
  expect(patience).toEqual([soon, 2 * soon, soon, soon, soon, soon, late, late]);
});

test('spends less than 22 s on six dead connections when the window is 500 ms', () => {
  const probe = afterSilence({ windowMs: 500 });
  const noticedAt = probe.now;
  probe.chance = 0.999;
  for (let dead = 0; dead < 6; dead += 1) probe.ring().ring();
  probe.ring();
  expect(probe.state).toMatchObject({ state: 'fetching-ticket', attempts: 7 });
  expect(probe.now - noticedAt).toBeLessThan(22_000);
});

test('gets a ticket with the second attempt when the server needs five seconds after a silent socket', () => {
  const probe = afterSilence({ windowMs: 500 });
  const noticedAt = probe.now;
  probe.ring().ring().ring();
  probe.now += 5_000;
  expect(probe.due).toBeGreaterThan(probe.now);
  probe.dispatch({ type: 'ticket', call: probe.call, ticket: 'x', freshForMs: 30_000 });
  expect(probe.state).toMatchObject({ state: 'connecting', attempts: 2 });
  expect(probe.now - noticedAt).toBeLessThan(9_000);
});

test('uses the long deadline after any other loss', () => {
  const probe = inBackoff().ring();
  expect(probe.due - probe.now).toBe(POLICY.connectWithinMs);
});

test('probes and never drops the socket when the alarm is late (invariant 7)', () => {
  const probe = opened({ heartbeatMs: 10_000 });
  probe.ring(60_000).ring(60_000).ring(60_000);
  expect(probe.take()).toEqual([1, 2, 3].map(() => ({ type: 'probe', call: 1, afterChange: true })));
  expect(probe.dispatch({ type: 'received', call: 1 }).state).toMatchObject({
    state: 'open',
    liveness: { type: 'alive' },
  });
});

test('does not delay the heartbeat when the clock jumps back', () => {
  const probe = opened({ heartbeatMs: 10_000 });
  const { due } = probe;
  probe.now = START - 3_600_000;
  probe.dispatch({ type: 'alarm', due });
  expect(probe.take()).toEqual([{ type: 'probe', call: 1 }]);
  expect(alarmOf(probe.socket)).toBe(probe.now + 3_000);
});

/** Opens the socket that the machine is about to open, and closes it after `ms`. */
const liveFor = (probe: Probe, ms: number): Probe => {
  if (probe.state.state === 'backoff') probe.ring();
  probe.dispatch({ type: 'ticket', call: probe.call, ticket: 'x', freshForMs: 30_000 });
  probe.dispatch({ type: 'greeted', call: probe.call });
  probe.now += ms;
  return close(probe, { type: 'redial' });
};
const waitOf = (probe: Probe): number => probe.due - probe.now;

test('waits less than one second after the first loss of a socket, even after many failed attempts', () => {
  const probe = fetchingTicket();
  probe.chance = 0.999;
  for (let tries = 0; tries < 8; tries += 1) {
    probe.dispatch({ type: 'ticket-failed', call: probe.call, problem: LOST });
    if (tries < 7) probe.ring();
  }
  expect(waitOf(probe)).toBeGreaterThan(15_000);
  expect(waitOf(liveFor(probe, 10))).toBeLessThan(1_000);
});

test('doubles the pause when the server opens and closes in a loop, until a socket lasts 5 s', () => {
  const probe = fetchingTicket();
  probe.chance = 0.999;
  const waits = Array.from({ length: 8 }, () => Math.ceil(waitOf(liveFor(probe, 4_999)) / 1_000));
  expect(waits).toEqual([1, 1, 2, 4, 8, 16, 20, 20]);
  expect(waitOf(liveFor(probe, 5_000))).toBeLessThan(1_000);
  expect(waitOf(liveFor(probe, 10)), 'the count starts again').toBeLessThan(1_000);
  expect(waitOf(liveFor(liveFor(probe, 10), 10))).toBeGreaterThan(1_000);
});

test('keeps the announced window after the socket is lost', () => {
  const probe = opened({ windowMs: 50_000 });
  probe.now += 5_000;
  probe.chance = 0.5;
  expect(close(probe, { type: 'redial' }).state).toMatchObject({ retryAt: probe.now + 25_000 });
});

test('waits for the pause of the close frame, else for the pause of the drain frame', () => {
  expect(close(opened(), { type: 'wait', ms: 4_000 }).state).toMatchObject({
    reason: { type: 'paused' },
    retryAt: START + 4_000,
  });
  const drained = opened().dispatch({ type: 'draining', call: 1, ms: 7_000 });
  expect(close(drained, { type: 'redial' }).state).toMatchObject({
    reason: { type: 'paused' },
    retryAt: START + 7_000,
  });
});

test('reports the rejected generation, and retries at once, then with newer tokens, then with backoff (invariant 8)', () => {
  const probe = close(opened({ windowMs: 250 }), { type: 'authorize' });
  expect(probe.take()).toEqual([
    { type: 'report-unauthorized', generation: 1 },
    { type: 'fetch-ticket', call: 2 },
  ]);
  probe.dispatch({ type: 'ticket', call: 2, ticket: 'y', freshForMs: 30_000 });
  close(probe, { type: 'authorize' });
  expect(probe.state).toMatchObject({
    state: 'backoff',
    reason: { type: 'unauthorized', generation: 1 },
    retryAt: START + 5_000,
  });
  probe.take();
  probe.dispatch({ type: 'inputs', inputs: { ...WANTED, generation: 2 } });
  expect(probe.take()).toEqual([{ type: 'fetch-ticket', call: 3 }]);
  probe.dispatch({ type: 'ticket-failed', call: 3, problem: { code: 'credentials-rejected', at: 't', status: 401 } });
  expect(probe.take()).toEqual([{ type: 'report-unauthorized', generation: 2 }]);
  expect(probe.state).toMatchObject({ state: 'backoff', reason: { type: 'backoff' } });
});

test('waits like after a 403 when the policy stops after two rejections in a row (invariant 8)', () => {
  const probe = opened();
  probe.policy = socketPolicy('/api/events', true);
  close(probe, { type: 'authorize' });
  for (let n = 0; n < 2; n += 1) {
    if (probe.state.state === 'backoff') probe.ring();
    probe.dispatch({ type: 'ticket', call: probe.call, ticket: 'y', freshForMs: 30_000 });
    close(probe, { type: 'authorize' });
  }
  expect(probe.state).toMatchObject({ state: 'closed', reason: { type: 'forbidden', generation: 1 } });
  probe.dispatch({ type: 'inputs', inputs: { ...WANTED, generation: 2 } });
  expect(probe.state.state).toBe('fetching-ticket');
});

test('opens no connection after the server ended the stream, until a tab wants one', () => {
  const probe = close(opened(), { type: 'end' });
  expect(probe.state).toEqual({ state: 'idle' });
  expect(alarmOf(probe.socket)).toBeUndefined();
  probe.dispatch({ type: 'inputs', inputs: { ...WANTED, wanted: false } });
  expect(probe.state.state).toBe('idle');
  probe.dispatch({ type: 'inputs', inputs: WANTED });
  expect(probe.state.state).toBe('fetching-ticket');
});

test.each([
  ['online', true],
  ['thaw', true],
  ['visible', undefined],
  ['offline', undefined],
] as const)('says with a probe after "%s" whether the network may have changed', (cause, afterChange) => {
  const probe = opened();
  probe.dispatch({ type: 'nudge', cause });
  expect(probe.take()).toEqual([{ type: 'probe', call: 1, afterChange }]);
});

test('asks with growing pauses for a ticket that was forbidden, and after five minutes once it was eleven times in a row', () => {
  const probe = fetchingTicket();
  const refuse = (): Probe => probe.dispatch({ type: 'ticket-failed', call: probe.call, problem: FORBIDDEN });
  for (let n = 1; n <= 10; n += 1) {
    const at = probe.now;
    expect(refuse().state).toMatchObject({ state: 'backoff', reason: { type: 'backoff' } });
    expect(probe.due - at).toBeLessThanOrEqual(20_000);
    probe.ring();
  }
  const at = probe.now;
  expect(refuse().state).toMatchObject({ state: 'closed', reason: { type: 'forbidden', retryAt: at + 300_000 } });
});

test('retries a forbidden socket with other tokens, at a user action, or after five minutes', () => {
  const forbidden = () => close(opened(), { type: 'stop' });
  expect(forbidden().state).toMatchObject({ state: 'closed', reason: { type: 'forbidden', retryAt: START + 300_000 } });
  expect(forbidden().dispatch({ type: 'nudge', cause: 'visible' }).state.state).toBe('closed');
  expect(forbidden().dispatch({ type: 'nudge', cause: 'user' }).state.state).toBe('fetching-ticket');
  expect(forbidden().dispatch({ type: 'inputs', inputs: { ...WANTED, generation: 2 } }).state.state).toBe(
    'fetching-ticket',
  );
  expect(forbidden().ring().state.state).toBe('fetching-ticket');
});

test('stays closed for good when a newer worker superseded it, even after a sign-in', () => {
  const probe = close(opened(), { type: 'superseded' });
  probe.dispatch(
    { type: 'inputs', inputs: { ...WANTED, generation: undefined } },
    { type: 'inputs', inputs: { ...WANTED, generation: 2 } },
  );
  probe.dispatch({ type: 'nudge', cause: 'user' });
  expect(probe.state).toMatchObject({ state: 'closed', reason: { type: 'superseded' } });
  expect(alarmOf(probe.socket)).toBeUndefined();
});

test('keeps an open socket and starts no new attempt when the worker retires', () => {
  expect(opened().dispatch({ type: 'retire' }).state.state).toBe('open');
  expect(close(opened().dispatch({ type: 'retire' }), { type: 'redial' }).state).toMatchObject({
    state: 'closed',
    reason: { type: 'retired' },
  });
  const probe = connecting();
  probe.take();
  expect(probe.dispatch({ type: 'retire' }).take()).toEqual([{ type: 'hang-up', call: 1, code: 1000 }]);
  expect(inBackoff().dispatch({ type: 'retire' }).state.state).toBe('closed');
});

test('connects again when the newer worker does not take over', () => {
  const probe = inBackoff().dispatch({ type: 'retire' });
  probe.take();
  expect(probe.dispatch({ type: 'resume' }).state.state).toBe('fetching-ticket');
  expect(probe.take()).toMatchObject([{ type: 'fetch-ticket' }]);
  const open = opened().dispatch({ type: 'retire' }, { type: 'resume' });
  expect(open.state.state).toBe('open');
  expect(close(open, { type: 'redial' }).state.state).toBe('backoff');
});

test('renews the authorization while the socket is open, and stays open when a renewal fails', () => {
  const probe = opened({ heartbeatMs: 60_000, expiresInMs: 40_000 });
  probe.ring();
  expect(probe.now).toBe(START + 20_000);
  expect(probe.take()).toEqual([{ type: 'fetch-ticket', call: 2 }]);
  probe.dispatch({ type: 'ticket-failed', call: 2, problem: LOST });
  expect(probe.state.state).toBe('open');
  probe.ring().take();
  probe.dispatch({ type: 'ticket', call: 3, ticket: 'y', freshForMs: 30_000 });
  expect(probe.take()).toEqual([{ type: 'renew', call: 1, ticket: 'y' }]);
  probe.dispatch({ type: 'renewed', call: 1, expiresInMs: 40_000 });
  expect(probe.state).toMatchObject({ renewal: { type: 'due', renewAt: probe.now + 20_000 } });
});

test('cancels the renewal and closes the socket when the user signs out', () => {
  const probe = opened({ heartbeatMs: 60_000, expiresInMs: 40_000 });
  probe.ring().take();
  probe.dispatch({ type: 'inputs', inputs: { ...WANTED, generation: undefined } });
  expect(probe.take()).toEqual([
    { type: 'hang-up', call: 2, code: 1000 },
    { type: 'hang-up', call: 1, code: 1000 },
  ]);
  expect(probe.state.state).toBe('idle');
});

test('gives a ticket and a connect ten seconds, and three more when the computer slept through the deadline', () => {
  for (const probe of [fetchingTicket(), connecting()]) {
    probe.take();
    probe.ring(2_000);
    expect(probe.effects).toEqual([]);
    probe.ring();
    expect(probe.now).toBe(START + 15_000);
    expect(probe.take()).toEqual([{ type: 'hang-up', call: 1, code: 4000 }]);
    expect(probe.state).toMatchObject({ state: 'backoff', problem: { code: 'timeout' } });
  }
});

test('does not use a ticket that became stale on the way (invariant 6)', () => {
  const probe = fetchingTicket();
  probe.now += 29_500;
  probe.take();
  probe.dispatch({ type: 'ticket', call: 1, ticket: 'x', freshForMs: 30_000 });
  expect(probe.effects).toEqual([]);
  expect(probe.state.state).toBe('backoff');
});
