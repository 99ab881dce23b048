import { expect, test } from 'vitest';
import { generationOf } from '../../src/core/session/session-transitions.ts';
import {
  DAY_MS,
  expectKept,
  HOUR_MS,
  workerOf,
  MINUTE_MS,
  restarted,
  SECOND_MS,
  SETTLED_MS,
  signedIn,
  untilRenewal,
} from './kept.ts';

test('keeps the session when the network is down at a refresh [logout-01]', () => {
  const { world, worker, checker } = signedIn();
  world.networkUp = false;
  world.time.advance(HOUR_MS);
  expect(worker.machine.state).toMatchObject({ state: 'degraded', problem: { code: 'network-unreachable' } });
  expectKept(world, checker);
});

test('refreshes again without an event when the first attempt after sleep fails [logout-02]', () => {
  const { world, worker, checker } = signedIn();
  world.networkUp = false;
  world.skewMs += 8 * HOUR_MS;
  world.provider.expireAccess();
  world.dispatch(worker, { type: 'nudge', cause: 'thaw' });
  world.time.advance(SETTLED_MS);
  expect(worker.machine.state.state).toBe('degraded');
  world.networkUp = true;
  world.time.advance(5 * SECOND_MS);
  expect(worker.machine.state.state).toBe('active');
  expectKept(world, checker);
});

test('a second worker waits for the lock when a refresh takes minutes [logout-05]', () => {
  const { world, worker, checker } = signedIn();
  const waiting = world.start('waiting');
  world.time.advance(SETTLED_MS);
  world.disk.slowMs = MINUTE_MS;
  const ids = [world.refuse(worker, 3), world.refuse(waiting, 3)];
  world.time.advance(5 * MINUTE_MS);
  expect(world.provider.requestTimes).toHaveLength(1);
  for (const id of ids) expect(world.verdicts.get(id)).toMatchObject({ type: 'authorized', generation: 4 });
  world.kill(waiting);
  expectKept(world, checker);
});

test('the next worker gets the lock at once when a worker dies with it [logout-06]', () => {
  const { world, worker, checker } = signedIn();
  world.refuse(worker, 3);
  while (world.lock.holder !== worker.id) world.time.advance(1);
  const waiting = restarted(world);
  const id = world.refuse(waiting, 3);
  world.time.advance(SETTLED_MS);
  expect(world.verdicts.get(id)).toMatchObject({ type: 'authorized' });
  expect(world.lock.holder).toBeUndefined();
  expectKept(world, checker);
});

test('the next worker loads the newest token after each rotation [logout-08]', () => {
  const { world, checker } = signedIn();
  for (let rotation = 1; rotation <= 5; rotation += 1) {
    untilRenewal(world);
    const before = generationOf(workerOf(world).machine.state);
    expect(generationOf(restarted(world).machine.state)).toBe(before);
  }
  expect(world.provider.requestTimes.length).toBeGreaterThanOrEqual(5);
  expectKept(world, checker);
});

test('refreshes when the stored access token expired long ago [logout-16]', () => {
  const { world, worker, checker } = signedIn({ disk: 'old-session' });
  expect(worker.machine.state.state).toBe('active');
  expect(generationOf(worker.machine.state)).toBe(4);
  expectKept(world, checker);
});

test('keeps the session when the token endpoint answers 429 to many tabs [logout-20]', () => {
  const { world, worker, checker } = signedIn();
  world.provider.mode = { kind: 'status', status: 429, retryAfterMs: 10 * SECOND_MS };
  for (let tab = 0; tab < 20; tab += 1) world.refuse(worker, 3);
  world.time.advance(9 * SECOND_MS);
  expect(worker.machine.state).toMatchObject({ state: 'degraded', problem: { code: 'rate-limited' } });
  expect(world.provider.requestTimes).toHaveLength(1);
  expectKept(world, checker);
});

test('keeps the session when a firewall answers 403 [logout-21]', () => {
  const { world, worker, checker } = signedIn();
  world.provider.mode = { kind: 'status', status: 403 };
  world.refuse(worker, 3);
  world.time.advance(MINUTE_MS);
  expect(worker.machine.state.state).not.toBe('signed-out');
  expectKept(world, checker);
});

test('keeps the session when a tab is idle for a day [logout-28]', () => {
  const { world, worker, checker } = signedIn();
  world.time.advance(DAY_MS);
  expect(worker.machine.state.state).toBe('active');
  expectKept(world, checker);
});

test('follows a provider that rotates the refresh token only sometimes [logout-30]', () => {
  const { world, checker } = signedIn();
  world.provider.mode = { kind: 'only-access' };
  for (let time = 0; time < 3; time += 1) untilRenewal(world);
  world.provider.mode = { kind: 'ok' };
  untilRenewal(world);
  expect(generationOf(workerOf(world).machine.state)).toBeGreaterThanOrEqual(7);
  expectKept(world, checker);
});

test('keeps a cookie session when the backend does not answer [logout-31]', () => {
  const { world, worker, checker } = signedIn({ disk: 'empty' });
  world.order(worker, { type: 'sign-in', kind: 'ticket' });
  world.time.advance(SETTLED_MS);
  world.networkUp = false;
  for (const type of ['tab-arrived', 'suspected'] as const) {
    world.dispatch(worker, type === 'suspected' ? { type, generation: generationOf(worker.machine.state) } : { type });
    world.time.advance(MINUTE_MS);
  }
  world.networkUp = true;
  expect(worker.machine.state.state).toBe('active');
  world.dispatch(worker, { type: 'tab-arrived' });
  world.time.advance(SETTLED_MS);
  expect(worker.machine).toMatchObject({ state: { state: 'active' }, verifying: undefined });
  expect(world.provider.families.map(({ ended }) => ended)).toEqual([undefined]);
  expect(checker.violations).toEqual([]);
});

test('keeps the session when a server closes a socket for a stale token [logout-33]', () => {
  const { world, worker, checker } = signedIn();
  untilRenewal(world);
  expect(generationOf(worker.machine.state)).toBe(4);
  const sent = world.provider.requestTimes.length;
  world.dispatch(worker, { type: 'suspected', generation: 3 });
  world.time.advance(SETTLED_MS);
  expect(world.provider.requestTimes).toHaveLength(sent);
  world.networkUp = false;
  world.dispatch(worker, { type: 'suspected', generation: 4 });
  world.time.advance(MINUTE_MS);
  expect(worker.machine.state.state).not.toBe('signed-out');
  expectKept(world, checker);
});
