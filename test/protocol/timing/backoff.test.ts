import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fullJitter } from '../../../src/protocol/timing/backoff.ts';
import { honouredPause, PAUSE_MAX_MS, redialDelay } from '../../../src/protocol/timing/redial.ts';

const chance = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
const attempt = fc.integer({ min: 0, max: 10_000 });

test('doubles the full jitter from the base up to the cap, and may return 0', () => {
  expect([0, 1, 2, 3, 9].map((made) => fullJitter(made, { baseMs: 500, capMs: 4_000 }, 1))).toEqual([
    500, 1_000, 2_000, 4_000, 4_000,
  ]);
  expect(fullJitter(5, { baseMs: 500, capMs: 4_000 }, 0)).toBe(0);
});

test('keeps the full jitter within its bounds after any number of attempts', () => {
  fc.assert(
    fc.property(attempt, chance, (made, luck) => {
      const delay = fullJitter(made, { baseMs: 500, capMs: 20_000 }, luck);
      expect(delay).toBeGreaterThanOrEqual(0);
      expect(delay).toBeLessThan(20_000);
    }),
  );
});

test('spreads the first attempt over 50 ms, and later ones over 1 s to 20 s, when the server announced no window', () => {
  expect(redialDelay(0, undefined, 1)).toBe(50);
  expect(redialDelay(1, undefined, 0)).toBe(500);
  expect(redialDelay(30, undefined, 1)).toBe(20_000);
});

test('spreads the first attempt over the whole announced window, and waits at least a quarter of it after a failure', () => {
  expect(redialDelay(0, 50_000, 0)).toBe(0);
  expect(redialDelay(0, 50_000, 0.5)).toBe(25_000);
  expect(redialDelay(7, 50_000, 0)).toBe(12_500);
  expect(redialDelay(7, 50_000, 1)).toBe(50_000);
});

test('reconnects a small fleet at once, then after 50 ms, and after at most 5 s', () => {
  expect(redialDelay(0, 500, 1)).toBe(0);
  expect(redialDelay(1, 500, 0)).toBe(25);
  expect([1, 2, 3, 4].map((made) => redialDelay(made, 500, 1))).toEqual([50, 100, 200, 400]);
  expect(redialDelay(20, 500, 1)).toBe(5_000);
});

test('subtracts the duration of the attempt from the pause only when the fleet is small', () => {
  expect(redialDelay(4, 500, 1, 150)).toBe(250);
  expect(redialDelay(4, 500, 1, 1_000)).toBe(0);
  expect(redialDelay(4, 1_001, 1, 1_000)).toBe(redialDelay(4, 1_001, 1));
  expect(redialDelay(4, undefined, 1, 1_000)).toBe(redialDelay(4, undefined, 1));
});

test('limits the pause when the announced window is absurdly long', () => {
  fc.assert(
    fc.property(attempt, fc.double({ min: 0, max: 1e12, noNaN: true }), chance, (made, windowMs, luck) => {
      expect(redialDelay(made, windowMs, luck)).toBeLessThanOrEqual(PAUSE_MAX_MS + 500);
    }),
  );
});

test("waits at least the server's pause (up to the bound), plus at most 1 s of jitter", () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), chance, (asked, luck) => {
      const pause = honouredPause(asked, luck);
      expect(pause).toBeGreaterThanOrEqual(Math.min(asked, PAUSE_MAX_MS));
      expect(pause - Math.max(250, Math.min(asked, PAUSE_MAX_MS))).toBeLessThanOrEqual(1_000);
    }),
  );
});

test('adds up to 1 s of jitter to a pause in whole seconds, and 100 ms to one in milliseconds', () => {
  expect(honouredPause(4_000, 0.5)).toBe(4_500);
  expect(honouredPause(4_321, 0.5)).toBe(4_371);
});
