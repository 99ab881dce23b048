import { expect, test } from 'vitest';
import { parseWhoami, withClaims } from '../../src/protocol/backend-responses.ts';

const ANSWER = '{"sub":"ann","name":"Ann","roles":["admin"],"email":"a@example.com","secret":"s"}';

test('a user has the claims that the configuration lists, and no other', () => {
  expect(parseWhoami(ANSWER, ['roles', 'email', 'absent'])).toEqual({
    sub: 'ann',
    name: 'Ann',
    claims: { roles: ['admin'], email: 'a@example.com' },
  });
  expect(parseWhoami(ANSWER)).toEqual({ sub: 'ann', name: 'Ann' });
  expect(parseWhoami('{"name":"Ann","roles":[]}', ['roles'])).toBeUndefined();
});

test('an inherited name is no claim', () => {
  expect(withClaims({ sub: 'ann' }, {}, ['toString', 'constructor'])).toEqual({ sub: 'ann' });
});
