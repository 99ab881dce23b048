import { expect } from 'vitest';
import { generationOf } from '../../src/core/session/session-transitions.ts';
import { begin, heal, type History } from '../core/session-world/session-histories.ts';
import type { InvariantChecker } from '../core/session-world/session-checker.ts';
import type { SimulatedWorker } from '../core/session-world/session-worker.ts';
import type { World } from '../core/session-world/session-world.ts';

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;
export const ACCESS_MS = 5 * MINUTE_MS;

/** Longer than one refresh takes. */
export const SETTLED_MS = 2 * SECOND_MS;

/** A simulated browser with a session. `checker` collects each broken invariant. */
export const signedIn = (
  history: Partial<History> = {},
): { world: World; worker: SimulatedWorker; checker: InvariantChecker } => {
  const usual = {
    seed: 7,
    grace: 'until-used',
    accessMs: ACCESS_MS,
    lifetimeMs: undefined,
    refreshable: true,
  } as const;
  const { world, checker } = begin({ ...usual, disk: 'session', ops: [], ...history });
  world.time.advance(SETTLED_MS);
  return { world, worker: workerOf(world), checker };
};

export const workerOf = (world: World): SimulatedWorker => {
  const worker = world.workerIn('old') ?? world.workerIn('waiting');
  if (!worker) throw new Error('No worker is alive.');
  return worker;
};

/** The browser ends the worker, and the next event starts another one. */
export const restarted = (world: World): SimulatedWorker => {
  world.kill(workerOf(world));
  world.time.advance(SETTLED_MS);
  return workerOf(world);
};

/** Advances past the moment of the next refresh. */
export const untilRenewal = (world: World): void => world.time.advance(4 * MINUTE_MS + SETTLED_MS);

/** After the cause: the session of the same sign-in, with the newest refresh token and no broken invariant. */
export const expectKept = (world: World, checker: InvariantChecker): void => {
  heal(world);
  const worker = workerOf(world);
  expect(worker.machine.state.state).toBe('active');
  expect(world.provider.families.map(({ ended }) => ended)).toEqual([undefined]);
  const before = generationOf(worker.machine.state);
  const refreshes = world.provider.requestTimes.length;
  const replayed = world.refuse(worker, before);
  world.time.advance(SETTLED_MS);
  expect(world.verdicts.get(replayed)).toMatchObject({ type: 'authorized', generation: before + 1 });
  expect(world.provider.requestTimes.length).toBe(refreshes + 1);
  expect(checker.violations).toEqual([]);
};
