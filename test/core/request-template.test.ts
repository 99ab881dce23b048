import { describe, expect, test } from 'vitest';
import { fieldsOf, fill, fillAddress, fillText } from '../../src/core/request-template.ts';

const VALUES = { user: 'ada', long_name: 'Ada Lovelace' };

describe('a template of a request', () => {
  test.each([
    ['{user}', 'ada'],
    ['{long_name}', 'Ada Lovelace'],
    ['{missing}', undefined],
    ['Bearer {user}', 'Bearer ada'],
    ['{user}, please', 'ada, please'],
    ['{user} and {long_name}', 'ada and Ada Lovelace'],
    ['<{missing}>', '<>'],
    ['{ user }', '{ user }'],
    ['{-}', '{-}'],
    ['no placeholder', 'no placeholder'],
  ])('fills the text %j', (text, filled) => expect(fillText(text, VALUES)).toBe(filled));

  test('fills texts at each depth, and leaves other values as they are', () => {
    const template = { a: '{user}', b: ['{user}', { c: 'x{user}' }], d: 1, e: null, f: true, g: '{missing}' };
    expect(fill(template, VALUES)).toStrictEqual({
      ...{ a: 'ada', b: ['ada', { c: 'xada' }], d: 1, e: null, f: true, g: undefined },
    });
  });

  test('encodes the values of an address', () => {
    expect(fillAddress('/users/{long_name}/{missing}?x={user}', VALUES)).toBe('/users/Ada%20Lovelace/?x=ada');
  });
});

describe('the fields of a form', () => {
  test('are texts, with JSON for nested values, and none for an absent value', () => {
    const body = { name: 'ada', count: 2, nested: { a: [1] }, absent: undefined };
    expect(fieldsOf(body)).toEqual([
      ['name', 'ada'],
      ['count', '2'],
      ['nested', '{"a":[1]}'],
    ]);
  });

  test.each([undefined, null, 'text', 1, [1]])('are none for %j', (body) => expect(fieldsOf(body)).toEqual([]));
});
