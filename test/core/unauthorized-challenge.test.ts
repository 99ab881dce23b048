import { describe, expect, test } from 'vitest';
import { challengeOf, mayKnowOnlyBearer } from '../../src/core/unauthorized-challenge.ts';

describe('the `WWW-Authenticate` of a 401', () => {
  test.each([
    ['Bearer error="invalid_token"'],
    ['Bearer realm="a, b", error=invalid_token, error_description="The token, expired"'],
    ['bearer error="token_expired"'],
    ['DPoP algs="ES256", error="invalid_token"'],
    ['Basic realm="x", Bearer error="invalid_token"'],
    ['Bearer, DPoP error="invalid_token", algs="ES256"'],
  ])('blames the token: %s', (header) => {
    expect(challengeOf(header)).toBe('token');
  });

  test.each([
    ['Bearer error="insufficient_user_authentication", acr_values="urn:mfa", max_age="60"'],
    ['Bearer error="insufficient_scope", scope="a b"'],
    ['Bearer error="invalid_request"'],
    ['DPoP error="use_dpop_nonce"'],
    ['Basic realm="error=\\"invalid_token\\""'],
    ['Negotiate YII='],
    ['Digest realm="x", nonce="y"'],
  ])('is about something else: %s', (header) => {
    expect(challengeOf(header)).toBe('other');
  });

  test.each([[null], [''], ['Bearer'], ['Bearer realm="api"'], ['DPoP algs="ES256"']])(
    'gives no reason: %s',
    (header) => {
      expect(challengeOf(header)).toBe('unclear');
    },
  );

  test('shows an API that may know bearer tokens only', () => {
    expect([null, 'Bearer', 'Bearer error="invalid_token"'].map(mayKnowOnlyBearer)).toEqual([true, true, true]);
    const others = ['DPoP', 'Bearer, DPoP error="invalid_token"', 'Bearer error="insufficient_scope"', 'Basic'];
    expect(others.map(mayKnowOnlyBearer)).toEqual([false, false, false, false]);
  });
});
