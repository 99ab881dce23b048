import { expect, test } from 'vitest';
import { stepUpOf } from '../../src/page/requests/step-up.ts';

const answer = (header: string | undefined, status = 401): Response =>
  new Response(null, { status, headers: header === undefined ? {} : { 'www-authenticate': header } });
const CLAIMS = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}';

test.each<[string, string, object]>([
  [
    'an authentication context',
    'Bearer error="insufficient_user_authentication", error_description="a, different level", acr_values="myACR other"',
    { acr_values: 'myACR other' },
  ],
  ['a recent sign-in', 'DPoP error="insufficient_user_authentication", max_age="5"', { max_age: '5' }],
  [
    'both',
    'Bearer realm="x", error=insufficient_user_authentication, acr_values=a, max_age=0',
    { acr_values: 'a', max_age: '0' },
  ],
  ['neither', 'Bearer error="insufficient_user_authentication"', { prompt: 'login' }],
  ['claims', `Bearer error="insufficient_claims", claims="${btoa(CLAIMS)}"`, { claims: CLAIMS }],
])('asks for %s as the API wants it', (_name, header, expected) => {
  expect(stepUpOf(answer(header))).toEqual(expected);
});

test.each<[string, Response]>([
  ['a token that is over', answer('Bearer error="invalid_token"')],
  ['no reason', answer(undefined)],
  ['another status', answer('Bearer error="insufficient_user_authentication"', 403)],
  ['a realm that names the error', answer('Bearer realm="error=insufficient_user_authentication", max_age=5')],
  ['a description that names the error', answer('Bearer error="invalid_token", x="error=insufficient_claims"')],
])('asks for nothing after %s', (_name, response) => {
  expect(stepUpOf(response)).toBeUndefined();
});
