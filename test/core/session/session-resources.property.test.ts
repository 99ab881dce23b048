import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { historyCount } from '../../support/history-count.ts';
import { histories, play, type HistoryShape } from '../session-world/session-histories.ts';
import { RESOURCE_MUTANTS } from '../session-world/session-resource-mutants.ts';

/** As in session-property.test.ts. */
const SEED = Number(process.env['SEED'] ?? 1);
const RUNS = historyCount(1_500);
const TRIES = 2_000;

const WITH_RESOURCES = histories({ resources: true });
/** Most mistakes show in a world where little else happens. */
const CALM = {
  resources: true,
  accessMs: fc.constant(300_000),
  grace: fc.constantFrom(0, 'until-used' as const),
  without: ['store', 'erase', 'clock', 'kill', 'update', 'provider', 'nudge', 'suspect', 'restored', 'refuse-again'],
} as const satisfies HistoryShape;
describe('in every history with requests for several resources', () => {
  test('invariant 18, and all others: a resource gets its own token, by one refresh at a time, and ends no session [property-resources]', () => {
    const holds = fc.property(WITH_RESOURCES, (history) => {
      expect(play(history)).toEqual([]);
    });
    fc.assert(holds, { seed: SEED, numRuns: RUNS });
  });
});

describe('the test of an invariant detects a machine that breaks it for resources', () => {
  test.each(RESOURCE_MUTANTS)('invariant $invariant: $name', ({ invariant, step }) => {
    const holds = fc.property(
      histories(CALM),
      (history) => !play(history, step).some((found) => found.invariant === invariant),
    );
    expect(fc.check(holds, { seed: SEED, numRuns: TRIES, endOnFailure: true }).failed).toBe(true);
  });
});
