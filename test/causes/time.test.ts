import { describe, expect, test } from 'vitest';
import { generationOf } from '../../src/core/session/session-transitions.ts';
import type { World } from '../core/session-world/session-world.ts';
import {
  ACCESS_MS,
  DAY_MS,
  expectKept,
  HOUR_MS,
  workerOf,
  MINUTE_MS,
  restarted,
  SECOND_MS,
  SETTLED_MS,
  signedIn,
} from './kept.ts';

/** Sends a request every 10 s for `forMs`. Returns how many refreshes reached the token endpoint. */
const refreshesWhileUsed = (world: World, forMs: number): number => {
  const before = world.provider.requestTimes.length;
  const ids: string[] = [];
  for (let spent = 0; spent < forMs; spent += 10 * SECOND_MS) {
    ids.push(world.request(workerOf(world)));
    world.time.advance(10 * SECOND_MS);
  }
  for (const id of ids) expect(world.verdicts.get(id)).toMatchObject({ type: 'authorized' });
  return world.provider.requestTimes.length - before;
};

/** Five-minute tokens for half an hour, and one more refresh for the jump. */
const USED_MS = 30 * MINUTE_MS;
const MOST_REFRESHES = USED_MS / (ACCESS_MS - MINUTE_MS) + 2;

const JUMPS = [
  ['a day ahead', DAY_MS],
  ['a day back', -DAY_MS],
] as const;

describe('the clock of the device [logout-19]', () => {
  test.each(JUMPS)('keeps the session when it jumps %s while the worker runs [clock-jump-running]', (_name, jumpMs) => {
    const { world, checker } = signedIn();
    world.skewMs += jumpMs;
    expect(refreshesWhileUsed(world, USED_MS)).toBeLessThanOrEqual(MOST_REFRESHES);
    expectKept(world, checker);
  });

  test.each(JUMPS)('keeps the session when it jumps %s while no worker runs', (_name, jumpMs) => {
    const { world, worker, checker } = signedIn();
    worker.restartMs = HOUR_MS;
    world.kill(worker);
    world.skewMs += jumpMs;
    world.time.advance(HOUR_MS + SETTLED_MS);
    expect(workerOf(world).machine.state.state).toBe('active');
    expect(refreshesWhileUsed(world, USED_MS)).toBeLessThanOrEqual(MOST_REFRESHES);
    expectKept(world, checker);
  });

  test.each(JUMPS)('keeps the session when it jumps %s during a refresh', (_name, jumpMs) => {
    const { world, worker, checker } = signedIn();
    world.refuse(worker, 3);
    world.time.advance(50);
    expect(worker.machine.state.state).toBe('refreshing');
    world.skewMs += jumpMs;
    world.time.advance(SETTLED_MS);
    expect(refreshesWhileUsed(world, USED_MS)).toBeLessThanOrEqual(MOST_REFRESHES);
    expectKept(world, checker);
  });

  test('causes at most one refresh a jump when it jumps back and forth every minute', () => {
    const { world, checker } = signedIn();
    const before = world.provider.requestTimes.length;
    for (let minute = 0; minute < 30; minute += 1) {
      world.skewMs += minute % 2 === 0 ? DAY_MS : -DAY_MS;
      refreshesWhileUsed(world, MINUTE_MS);
    }
    expect(world.provider.requestTimes.length - before).toBeLessThanOrEqual(32);
    expectKept(world, checker);
  });

  test('does not delay the next attempt when it jumps back while the provider is down', () => {
    const { world, worker, checker } = signedIn();
    world.provider.mode = { kind: 'status', status: 503 };
    world.refuse(worker, 3);
    world.time.advance(10 * SECOND_MS);
    world.skewMs -= DAY_MS;
    world.time.advance(SECOND_MS);
    world.provider.mode = { kind: 'ok' };
    world.time.advance(5 * SECOND_MS);
    expect(worker.machine.state.state).toBe('active');
    expectKept(world, checker);
  });
});

describe('sleep of eight hours', () => {
  test('sends no expired token when the worker survived [wake-worker-kept]', () => {
    const { world, worker, checker } = signedIn();
    const { access } = world.disk.record?.state === 'signed-in' ? world.disk.record.session.tokens : {};
    world.skewMs += 8 * HOUR_MS;
    world.provider.expireAccess();
    const ids = Array.from({ length: 20 }, () => world.request(worker));
    world.dispatch(worker, { type: 'nudge', cause: 'thaw' });
    world.time.advance(SETTLED_MS);
    for (const id of ids) {
      const verdict = world.verdicts.get(id);
      expect(verdict).toMatchObject({ type: 'authorized', generation: 4 });
      expect(verdict?.type === 'authorized' && verdict.token.value).not.toBe(access?.value);
    }
    expect(world.provider.requestTimes).toHaveLength(1);
    expectKept(world, checker);
  });

  test('makes one refresh before the first request when the worker died', () => {
    const { world, worker, checker } = signedIn();
    worker.restartMs = 8 * HOUR_MS;
    world.kill(worker);
    world.time.advance(8 * HOUR_MS + SETTLED_MS);
    expect(generationOf(workerOf(world).machine.state)).toBe(4);
    expect(world.provider.requestTimes).toHaveLength(1);
    expectKept(world, checker);
  });
});

describe('a declared lifetime', () => {
  const LIFETIME_MS = 20 * MINUTE_MS;

  test.each(JUMPS)('does not end the session when the clock is %s', (_name, jumpMs) => {
    const { world } = signedIn({ lifetimeMs: LIFETIME_MS });
    world.skewMs += jumpMs;
    world.time.advance(10 * MINUTE_MS);
    expect(workerOf(world).machine.state.state).toBe('active');
    expect(restarted(world).machine.state.state).toBe('active');
    expect(world.provider.requestTimes.length).toBeLessThanOrEqual(6);
  });

  test('ends the session when the provider says so, also with a wrong clock', () => {
    const { world, checker } = signedIn({ lifetimeMs: LIFETIME_MS });
    world.skewMs -= DAY_MS;
    world.time.advance(LIFETIME_MS + ACCESS_MS);
    expect(workerOf(world).machine.state).toMatchObject({ state: 'signed-out' });
    expect(checker.violations).toEqual([]);
  });
});
