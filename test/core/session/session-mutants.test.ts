import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { histories, play } from '../session-world/session-histories.ts';
import { MUTANTS } from '../session-world/session-mutants.ts';
import { MOST_PER_MINUTE, STORM_MUTANTS, stormOf, storms } from '../session-world/session-storms.ts';

/** More than any mutant has needed to be found, by far. */
const TRIES = 6_000;
const SEED = 1;

const noticed = <T>(arbitrary: fc.Arbitrary<T>, holds: (value: T) => boolean): boolean =>
  fc.check(fc.property(arbitrary, holds), { seed: SEED, numRuns: TRIES, endOnFailure: true }).failed;

describe('a mistake in the machine is noticed by the invariant that it breaks', () => {
  for (const { invariant, name, step } of MUTANTS) {
    test(`${typeof invariant === 'number' ? `invariant ${invariant}` : invariant}: ${name}`, () => {
      expect(
        noticed(histories(), (history) => !play(history, step).some((violation) => violation.invariant === invariant)),
      ).toBe(true);
    });
  }

  for (const { name, step } of STORM_MUTANTS) {
    test(`no storm: ${name}`, () => {
      expect(noticed(storms, (storm) => stormOf(storm, step) <= MOST_PER_MINUTE)).toBe(true);
    });
  }
});
