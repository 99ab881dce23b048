import { expect, test } from 'vitest';
import { setBounded } from '../../../server/base/bounded-map.ts';

test('drops the entry that was set longest ago', () => {
  const map = new Map<string, number>();
  for (const [n, key] of ['a', 'b', 'c', 'a', 'd'].entries()) setBounded(map, key, n, 3);
  expect([...map]).toEqual([
    ['c', 2],
    ['a', 3],
    ['d', 4],
  ]);
});
