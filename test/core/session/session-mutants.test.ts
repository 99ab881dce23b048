import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { histories, play } from '../session-world/session-histories.ts';
import { MUTANTS } from '../session-world/session-mutants.ts';
import { MOST_PER_MINUTE, STORM_MUTANTS, stormOf, storms } from '../session-world/session-storms.ts';

/** Far more histories than the test needs to detect any mutant. */
const TRIES = 6_000;
const SEED = 1;

const isDetected = <T>(arbitrary: fc.Arbitrary<T>, holds: (value: T) => boolean): boolean =>
  fc.check(fc.property(arbitrary, holds), { seed: SEED, numRuns: TRIES, endOnFailure: true }).failed;

describe('the test of an invariant detects a machine that breaks it', () => {
  for (const { invariant, name, step } of MUTANTS) {
    test(`${typeof invariant === 'number' ? `invariant ${invariant}` : invariant}: ${name}`, () => {
      expect(
        isDetected(
          histories(),
          (history) => !play(history, step).some((violation) => violation.invariant === invariant),
        ),
      ).toBe(true);
    });
  }

  for (const { name, step } of STORM_MUTANTS) {
    test(`no storm: ${name}`, () => {
      expect(isDetected(storms, (storm) => stormOf(storm, step) <= MOST_PER_MINUTE)).toBe(true);
    });
  }
});
