import { expect, test } from 'vitest';
import { MARK } from '../../src/protocol/bridge/bridge-constants.ts';
import { parsePageMessage } from '../../src/protocol/bridge/bridge.ts';
import { parseTabMessage } from '../../src/protocol/bridge/tab-messages.ts';

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

const topicsOf = (topics: unknown, arrival: unknown = 'reattach') => {
  const intro = { protocol: 4, tab: 'a', arrival, visible: true, topics };
  const message = parsePageMessage({ mark: MARK, type: 'attach', intro });
  return message?.type === 'attach' ? message.intro.topics : undefined;
};

test('keeps a tab, and drops only the entries of its greeting that are no topics [greeting-entries]', () => {
  const sane = ['a', { epoch: 'e', offset: 3 }];
  const bad = [['', null], ['x'.repeat(257), null], ['a\ud800', null], 'a', null];
  expect(topicsOf([...bad, sane])).toEqual([sane]);
  expect(topicsOf([['b', 'no cursor']])).toEqual([['b', null]]);
  expect(topicsOf('nonsense')).toEqual([]);
  expect(topicsOf([sane], 'in a way of a later version')).toEqual([sane]);
});

test('reads 5,000 topics of one tab', () => {
  expect(topicsOf(Array.from({ length: 5_000 }, (_, n) => [`t${n}`, null]))).toHaveLength(5_000);
});
