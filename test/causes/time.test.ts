import { describe, expect, test } from 'vitest';
import { generationOf } from '../../src/core/session/session-transitions.ts';
import type { World } from '../core/session-world/session-world.ts';
import {
  ACCESS_MS,
  DAY_MS,
  expectKept,
  HOUR_MS,
  livingIn,
  MINUTE_MS,
  restarted,
  SECOND_MS,
  SETTLED_MS,
  signedIn,
} from './kept.ts';

/** A request now and then, as a page makes them; tells how often the token endpoint was asked. */
const askedWhileUsed = (world: World, forMs: number): number => {
  const before = world.provider.asked.length;
  const ids: string[] = [];
  for (let spent = 0; spent < forMs; spent += 10 * SECOND_MS) {
    ids.push(world.request(livingIn(world)));
    world.time.advance(10 * SECOND_MS);
  }
  for (const id of ids) expect(world.verdicts.get(id)).toMatchObject({ go: 'authorized' });
  return world.provider.asked.length - before;
};

/** What tokens of five minutes need in half an hour, and one more for the jump. */
const USED_MS = 30 * MINUTE_MS;
const MOST_REFRESHES = USED_MS / (ACCESS_MS - MINUTE_MS) + 2;

const JUMPS = [
  ['a day ahead', DAY_MS],
  ['a day back', -DAY_MS],
] as const;

describe('the clock of the device [logout-19]', () => {
  test.each(JUMPS)('jumps %s while the worker runs: no logout, no storm [clock-jump-running]', (_name, jumpMs) => {
    const { world, laws } = signedIn();
    world.skewMs += jumpMs;
    expect(askedWhileUsed(world, USED_MS)).toBeLessThanOrEqual(MOST_REFRESHES);
    expectKept(world, laws);
  });

  test.each(JUMPS)('jumps %s while no worker runs: no logout, no storm', (_name, jumpMs) => {
    const { world, life, laws } = signedIn();
    life.restartMs = HOUR_MS;
    world.kill(life);
    world.skewMs += jumpMs;
    world.time.advance(HOUR_MS + SETTLED_MS);
    expect(livingIn(world).machine.state.at).toBe('active');
    expect(askedWhileUsed(world, USED_MS)).toBeLessThanOrEqual(MOST_REFRESHES);
    expectKept(world, laws);
  });

  test.each(JUMPS)('jumps %s in the middle of a refresh', (_name, jumpMs) => {
    const { world, life, laws } = signedIn();
    world.refuse(life, 3);
    world.time.advance(50);
    expect(life.machine.state.at).toBe('refreshing');
    world.skewMs += jumpMs;
    world.time.advance(SETTLED_MS);
    expect(askedWhileUsed(world, USED_MS)).toBeLessThanOrEqual(MOST_REFRESHES);
    expectKept(world, laws);
  });

  test('jumps to and fro every minute: the token endpoint is asked no more than that', () => {
    const { world, laws } = signedIn();
    const before = world.provider.asked.length;
    for (let minute = 0; minute < 30; minute += 1) {
      world.skewMs += minute % 2 === 0 ? DAY_MS : -DAY_MS;
      askedWhileUsed(world, MINUTE_MS);
    }
    expect(world.provider.asked.length - before).toBeLessThanOrEqual(32);
    expectKept(world, laws);
  });

  test('jumps while the provider is down: the next try does not wait for the old time', () => {
    const { world, life, laws } = signedIn();
    world.provider.mode = { kind: 'status', status: 503 };
    world.refuse(life, 3);
    world.time.advance(10 * SECOND_MS);
    world.skewMs -= DAY_MS;
    world.time.advance(SECOND_MS);
    world.provider.mode = { kind: 'ok' };
    world.time.advance(5 * SECOND_MS);
    expect(life.machine.state.at).toBe('active');
    expectKept(world, laws);
  });
});

describe('sleep of eight hours', () => {
  test('with the worker kept: the token that is over is not sent once more [wake-worker-kept]', () => {
    const { world, life, laws } = signedIn();
    const { access } = world.disk.record?.at === 'session' ? world.disk.record.session.tokens : {};
    world.skewMs += 8 * HOUR_MS;
    world.provider.expireAccess();
    const ids = Array.from({ length: 20 }, () => world.request(life));
    world.tell(life, { type: 'nudge', cause: 'thaw' });
    world.time.advance(SETTLED_MS);
    for (const id of ids) {
      const verdict = world.verdicts.get(id);
      expect(verdict).toMatchObject({ go: 'authorized', generation: 4 });
      expect(verdict?.go === 'authorized' && verdict.token.value).not.toBe(access?.value);
    }
    expect(world.provider.asked).toHaveLength(1);
    expectKept(world, laws);
  });

  test('with the worker gone: the first request waits for one refresh', () => {
    const { world, life, laws } = signedIn();
    life.restartMs = 8 * HOUR_MS;
    world.kill(life);
    world.time.advance(8 * HOUR_MS + SETTLED_MS);
    expect(generationOf(livingIn(world).machine.state)).toBe(4);
    expect(world.provider.asked).toHaveLength(1);
    expectKept(world, laws);
  });
});

describe('a declared lifetime', () => {
  const LIFETIME_MS = 20 * MINUTE_MS;

  test.each(JUMPS)('is the provider’s to end: a clock %s ends nothing', (_name, jumpMs) => {
    const { world } = signedIn({ lifetimeMs: LIFETIME_MS });
    world.skewMs += jumpMs;
    world.time.advance(10 * MINUTE_MS);
    expect(livingIn(world).machine.state.at).toBe('active');
    expect(restarted(world).machine.state.at).toBe('active');
    expect(world.provider.asked.length).toBeLessThanOrEqual(6);
  });

  test('ends, where the clock is wrong too, when the provider says so', () => {
    const { world, laws } = signedIn({ lifetimeMs: LIFETIME_MS });
    world.skewMs -= DAY_MS;
    world.time.advance(LIFETIME_MS + ACCESS_MS);
    expect(livingIn(world).machine.state).toMatchObject({ at: 'signed-out' });
    expect(laws.breaches).toEqual([]);
  });
});
