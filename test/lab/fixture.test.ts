import { expect, test } from 'vitest';
import { labTimeInMs } from '../../lab/fixture/lab-fixture.ts';
import { toLoseNoMessages } from '../../lab/fixture/matchers.ts';

test.each([
  [[1, 2, 3], 3, true],
  [[4, 5], undefined, true],
  [[1, 3], undefined, false],
  [[1, 1, 2], undefined, false],
  [[2, 1], undefined, false],
  [[], undefined, false],
  [[], 0, true],
  [[1, 2], 3, false],
])('judges the numbers %j of %s messages', (numbers, count, pass) => {
  expect(toLoseNoMessages(numbers, count).pass).toBe(pass);
});

test('says which message is missing', () => {
  expect(toLoseNoMessages([1, 3], 3).message()).toBe('3 came in place of 2, of 3.');
});

test.each([
  ['8h', 28_800_000],
  ['5min', 300_000],
  ['1.5s', 1_500],
  ['250ms', 250],
  [7, 7],
] as const)('reads the time %s', (time, ms) => {
  expect(labTimeInMs(time)).toBe(ms);
});

test('refuses what is no time', () => {
  expect(() => labTimeInMs('soon' as '1h')).toThrow('"soon" is no time. Write 8h, 5min, 30s or 250ms.');
});
