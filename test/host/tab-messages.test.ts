import { expect, test } from 'vitest';
import { parseTabMessage } from '../../src/protocol/bridge.ts';

const present = (state: unknown, topic: unknown = 'news') => parseTabMessage({ type: 'present', topic, state });

test('what a tab says of itself goes on as JSON that is said anew, for it is put into a frame as it is', () => {
  expect(present(' { "name" : "A" } ')).toEqual({ type: 'present', topic: 'news', state: '{"name":"A"}' });
  expect(present('null')).toEqual({ type: 'present', topic: 'news', state: 'null' });
  expect(present(`"${'x'.repeat(1_022)}"`)).toBeDefined();
});

test.each([
  ['no text', { name: 'A' }],
  ['no JSON', 'null],["sub",1,"x",null'],
  ['nothing', undefined],
  ['too long', `"${'x'.repeat(1_023)}"`],
  ['too long when it is said anew', `[${'1e20,'.repeat(100)}1]`],
])('%s is not said', (_name, state) => {
  expect(present(state)).toBeUndefined();
});

test('nor of a topic without a name', () => {
  expect(present('1', '')).toBeUndefined();
});
