import fc from 'fast-check';
import { begin } from './session-histories.ts';
import { impatient } from './session-mutants.ts';
import type { ProviderMode } from './session-provider.ts';
import { stepSession } from '../../../src/core/session/session.ts';
import type { SessionPolicy } from '../../../src/core/session-policy.ts';
import type { Stepper } from './session-world.ts';

/** A page that sends requests without end while one fault never goes away. */
export type Storm = {
  seed: number;
  accessMs: number;
  refusesAll: boolean;
  mode: ProviderMode;
  everyMs: number;
  suspects: boolean;
};

const MINUTE_MS = 60_000;
const LASTS_MS = 3 * MINUTE_MS;

export const storms: fc.Arbitrary<Storm> = fc.record({
  seed: fc.integer(),
  accessMs: fc.constantFrom(0, 1_000, 3_000, 5_000, 300_000),
  refusesAll: fc.boolean(),
  mode: fc.constantFrom<ProviderMode>(
    { kind: 'ok' },
    { kind: 'ok' },
    { kind: 'status', status: 503 },
    { kind: 'html' },
    { kind: 'misconfigured' },
    { kind: 'person-needed' },
    { kind: 'no-reason' },
    { kind: 'only-refresh' },
    { kind: 'only-access' },
  ),
  everyMs: fc.integer({ min: 150, max: 2_000 }),
  suspects: fc.boolean(),
});

/** The bound of token requests in one minute: one each second for waiting requests, plus the burst that 401s may cause. */
export const MOST_PER_MINUTE = 66;

const under =
  (change: Partial<SessionPolicy>): Stepper =>
  (machine, event, at, policy) =>
    stepSession(machine, event, at, { ...policy, ...change });

/** Policies that each lack one of the bounds. */
export const STORM_MUTANTS: readonly { name: string; step: Stepper }[] = [
  { name: 'refreshes after each 401', step: under({ unauthorizedBurst: 10_000, unauthorizedRefillMs: 1 }) },
  { name: 'refreshes an expired token without a minimum age', step: under({ minAgeMs: 0 }) },
  { name: 'retries for each waiting request without a pause', step: impatient },
  { name: 'retries without backoff', step: under({ retryBaseMs: 0 }) },
];

/** The most token requests in any one minute. */
export const stormOf = ({ seed, accessMs, refusesAll, mode, everyMs, suspects }: Storm, step?: Stepper): number => {
  const calm = { lifetimeMs: undefined, refreshable: true, disk: 'session', ops: [] } as const;
  const { world } = begin({ ...calm, seed, accessMs, grace: 'until-used' }, step);
  Object.assign(world, { refusesAll });
  world.provider.mode = mode;
  for (let at = 0; at < LASTS_MS; at += everyMs) {
    const worker = world.workerIn('old');
    if (!worker) break;
    world.request(worker);
    const { state } = worker.machine;
    if (suspects && state.state === 'active')
      world.dispatch(worker, { type: 'suspected', generation: state.session.generation });
    world.time.advance(everyMs);
  }
  return busiestMinute(world.provider.requestTimes);
};

const busiestMinute = (times: readonly number[]): number => {
  let most = 0;
  let from = 0;
  for (const [to, time] of times.entries()) {
    while ((times[from] ?? time) <= time - MINUTE_MS) from++;
    most = Math.max(most, to - from + 1);
  }
  return most;
};
