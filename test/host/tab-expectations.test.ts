import { expect, test } from 'vitest';
import { createTabExpectations } from '../../src/host/tabs/tab-expectations.ts';

test('gives each time to the client of its document, once', () => {
  const expectations = createTabExpectations();
  expectations.add('a', 1);
  expectations.add('b', 2);
  expect(expectations.take('b')).toBe(2);
  expect(expectations.take('a')).toBe(1);
  expect(expectations.take('a')).toBeUndefined();
});

test('knows nothing of a client without an id', () => {
  const expectations = createTabExpectations();
  expectations.add('', 1);
  expect(expectations.take('')).toBeUndefined();
  expect(expectations.take(undefined)).toBeUndefined();
});

test('forgets the oldest of many documents that never connect', () => {
  const expectations = createTabExpectations();
  for (let index = 0; index <= 64; index += 1) expectations.add(`c${index}`, index);
  expect(expectations.take('c0')).toBeUndefined();
  expect(expectations.take('c1')).toBe(1);
  expect(expectations.take('c64')).toBe(64);
});
