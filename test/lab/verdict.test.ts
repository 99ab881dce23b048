import { expect, test } from 'vitest';
import { inWords } from '../../lab/run/verdict.ts';

test.each([
  [0, '0.0 s'],
  [9_949, '9.9 s'],
  [9_950, '10 s'],
  [59_600, '1 min 00 s'],
  [302_000, '5 min 02 s'],
  [119_700, '2 min 00 s'],
  [28_801_000, '8 h 00 min'],
])('%d ms is %s', (ms, words) => {
  expect(inWords(ms)).toBe(words);
});
