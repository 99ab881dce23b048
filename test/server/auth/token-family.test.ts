import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rotate, TOKEN_FAMILY, type Family, type Rotation } from '../../../server/auth/token-family.ts';

const GRACE_MS = 30_000;
const NEW: Family = { sub: 'ada', name: 'Ada', current: 0, rotatedAt: 0 };

const issued = (result: Rotation): Family => {
  if (result.type !== 'issue') throw new Error(`The rotation is "${result.type}".`);
  return result.family;
};
/** A use of the current token, at each time. */
const usedAt = (...times: readonly number[]): Family =>
  times.reduce((family, at) => issued(rotate(family, family.current, at, GRACE_MS)), NEW);

describe('a family of refresh tokens', () => {
  test('accepts each used token for its own grace after any number of rotations', () => {
    const family = usedAt(1_000, 2_000, 20_000, 21_000);
    expect(issued(rotate(family, 0, 1_000 + GRACE_MS - 1, GRACE_MS)).current).toBe(4);
    expect(rotate(family, 0, 1_000 + GRACE_MS, GRACE_MS)).toEqual({ type: 'reused' });
    expect(rotate(family, 1, 2_000 + GRACE_MS - 1, GRACE_MS).type).toBe('issue');
    expect(rotate(family, 2, 20_000 + GRACE_MS - 1, GRACE_MS).type).toBe('issue');
  });

  test('counts the grace from the first use, not from a repeated one', () => {
    const repeated = issued(rotate(usedAt(1_000), 0, 20_000, GRACE_MS));
    expect(rotate(repeated, 0, 31_500, GRACE_MS)).toEqual({ type: 'reused' });
  });

  test('takes a higher generation for a restored store, and accepts late duplicates of those before it', () => {
    const result = rotate(usedAt(1_000), 5, 100_000, GRACE_MS);
    expect(result).toMatchObject({ type: 'issue', isRestored: true, family: { current: 6 } });
    expect(rotate(issued(result), 4, 101_000, GRACE_MS)).toMatchObject({ type: 'issue', isRestored: false });
    expect(rotate(issued(result), 0, 101_000, GRACE_MS)).toEqual({ type: 'reused' });
    expect(rotate(usedAt(1_000), 1, 100_000, GRACE_MS)).toMatchObject({ isRestored: false });
  });

  test('reads a family of a server before 0.2, with the grace of its last used token', () => {
    const stored = TOKEN_FAMILY.read({ sub: 'ada', name: 'Ada', current: 3, rotatedAt: 1_000 });
    expect(rotate(stored, 2, 30_000, GRACE_MS).type).toBe('issue');
    expect(rotate(stored, 1, 30_000, GRACE_MS).type).toBe('reused');
    expect(rotate(stored, 2, 31_000, GRACE_MS).type).toBe('reused');
  });

  test('does not know a family that is not there', () => {
    expect(rotate(undefined, 0, 1_000, GRACE_MS)).toEqual({ type: 'unknown' });
  });

  test('accepts a duplicate in its grace and detects reuse after it, for all histories, in a bounded record', () => {
    const pauses = fc.array(fc.oneof(fc.nat(200), fc.nat(40_000)), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(pauses, fc.nat(), fc.nat(90_000), (history, pick, delay) => {
        let at = 0;
        const times = history.map((pause) => (at += pause));
        const family = usedAt(...times);
        expect(family.uses?.length).toBeLessThanOrEqual(64);
        const generation = pick % times.length;
        const age = at + delay - (times[generation] ?? 0);
        const result = rotate(family, generation, at + delay, GRACE_MS);
        // Of many uses in one grace only the last are kept, so a token may stay until the last of them ends.
        const isExact = delay >= GRACE_MS || history.length <= 64;
        const afterGrace = isExact ? ['reused'] : ['reused', 'issue'];
        expect(age < GRACE_MS ? ['issue'] : afterGrace).toContain(result.type);
      }),
      { numRuns: 300 },
    );
  });
});
