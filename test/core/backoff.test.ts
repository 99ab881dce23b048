import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fullJitter, honouredPause, PAUSE_MAX_MS, redialDelay } from '../../src/core/backoff.ts';

const chance = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
const attempt = fc.integer({ min: 0, max: 10_000 });

test('full jitter doubles from the base, stops at the cap, and starts at nothing', () => {
  expect([0, 1, 2, 3, 9].map((made) => fullJitter(made, { baseMs: 500, capMs: 4_000 }, 1))).toEqual([
    500, 1_000, 2_000, 4_000, 4_000,
  ]);
  expect(fullJitter(5, { baseMs: 500, capMs: 4_000 }, 0)).toBe(0);
});

test('full jitter never leaves its bounds, however many attempts were made', () => {
  fc.assert(
    fc.property(attempt, chance, (made, luck) => {
      const delay = fullJitter(made, { baseMs: 500, capMs: 20_000 }, luck);
      expect(delay).toBeGreaterThanOrEqual(0);
      expect(delay).toBeLessThan(20_000);
    }),
  );
});

test('without an announced window tries spread over up to 20 s, from 1 s', () => {
  expect(redialDelay(0, undefined, 1)).toBe(1_000);
  expect(redialDelay(1, undefined, 0)).toBe(500);
  expect(redialDelay(30, undefined, 1)).toBe(20_000);
});

test('the first try after a loss spreads over the whole announced window; one that failed waits a quarter of it', () => {
  expect(redialDelay(0, 50_000, 0)).toBe(0);
  expect(redialDelay(0, 50_000, 0.5)).toBe(25_000);
  expect(redialDelay(7, 50_000, 0)).toBe(12_500);
  expect(redialDelay(7, 50_000, 1)).toBe(50_000);
});

test('a small fleet comes back quickly: at once, then from 50 ms, at most 5 s', () => {
  expect(redialDelay(0, 500, 1)).toBe(0);
  expect(redialDelay(1, 500, 0)).toBe(25);
  expect([1, 2, 3, 4].map((made) => redialDelay(made, 500, 1))).toEqual([50, 100, 200, 400]);
  expect(redialDelay(20, 500, 1)).toBe(5_000);
});

test('what a try took is part of the wait in a small fleet, and in no other', () => {
  expect(redialDelay(4, 500, 1, 150)).toBe(250);
  expect(redialDelay(4, 500, 1, 1_000)).toBe(0);
  expect(redialDelay(4, 1_001, 1, 1_000)).toBe(redialDelay(4, 1_001, 1));
  expect(redialDelay(4, undefined, 1, 1_000)).toBe(redialDelay(4, undefined, 1));
});

test('an absurd announcement is bounded', () => {
  fc.assert(
    fc.property(attempt, fc.double({ min: 0, max: 1e12, noNaN: true }), chance, (made, windowMs, luck) => {
      expect(redialDelay(made, windowMs, luck)).toBeLessThanOrEqual(PAUSE_MAX_MS + 500);
    }),
  );
});

test('a pause is never shorter than the server asked for (up to the bound), and a little spread', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), chance, (asked, luck) => {
      const pause = honouredPause(asked, luck);
      expect(pause).toBeGreaterThanOrEqual(Math.min(asked, PAUSE_MAX_MS));
      expect(pause - Math.max(250, Math.min(asked, PAUSE_MAX_MS))).toBeLessThanOrEqual(1_000);
    }),
  );
});

test('what was told in seconds is spread over one; what was told in milliseconds is a slot of one’s own', () => {
  expect(honouredPause(4_000, 0.5)).toBe(4_500);
  expect(honouredPause(4_321, 0.5)).toBe(4_371);
});
