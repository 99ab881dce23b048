import { expect, test } from 'vitest';
import { parseTabMessage } from '../../src/protocol/bridge/bridge.ts';

const present = (state: unknown, topic: unknown = 'news') => parseTabMessage({ type: 'present', topic, state });

test('serializes the presence state of a tab again, because frames contain it as it is', () => {
  expect(present(' { "name" : "A" } ')).toEqual({ type: 'present', topic: 'news', state: '{"name":"A"}' });
  expect(present('null')).toEqual({ type: 'present', topic: 'news', state: 'null' });
  expect(present(`"${'x'.repeat(1_022)}"`)).toBeDefined();
});

test.each([
  ['that is not a string', { name: 'A' }],
  ['that is not JSON', 'null],["sub",1,"x",null'],
  ['that is absent', undefined],
  ['that is too long', `"${'x'.repeat(1_023)}"`],
  ['that is too long after serialization', `[${'1e20,'.repeat(100)}1]`],
])('rejects a presence state %s', (_name, state) => {
  expect(present(state)).toBeUndefined();
});

test('rejects a presence message without a topic', () => {
  expect(present('1', '')).toBeUndefined();
});
