import { describe, expect, test } from 'vitest';
import { errorOf } from '../../../src/core/token-endpoint/token-error.ts';
import { judgeTokenAnswer, type TokenVerdict } from '../../../src/core/token-endpoint/token-response.ts';

const NOW = 1_000_000;
const judge = (
  status: number,
  body: unknown,
  scheme: 'Bearer' | 'DPoP' = 'Bearer',
  retryAfterMs?: number,
): TokenVerdict =>
  judgeTokenAnswer(
    {
      at: '/token',
      status,
      text: typeof body === 'string' ? body : JSON.stringify(body),
      retryAfterMs,
      receivedAt: NOW,
    },
    scheme,
  );

const good = { access_token: 'at', refresh_token: 'rt', token_type: 'Bearer', expires_in: 60 };

const lifetime = (expires_in: unknown): number | undefined => {
  const verdict = judge(200, { ...good, expires_in });
  return verdict.type === 'granted' ? (verdict.grant.access?.expiresAt ?? NaN) - NOW : undefined;
};

const problem = (verdict: TokenVerdict): string => (verdict.type === 'failed' ? verdict.problem.code : 'granted');

describe('a 200 of the token endpoint', () => {
  test("returns both tokens, with times of the device's clock", () => {
    expect(judge(200, good)).toEqual({
      type: 'granted',
      grant: { access: { value: 'at', scheme: 'Bearer', issuedAt: NOW, expiresAt: NOW + 60_000 }, refresh: 'rt' },
    });
  });

  test.each([
    ['a number', 60, 60_000],
    ['a numeric string', '60', 60_000],
    ['a string that starts with a number [expires-in-prefix]', '60abc', 60_000],
    ['nothing', undefined, 300_000],
    ['null', null, 300_000],
    ['a word', 'soon', 300_000],
    ['zero', 0, 0],
    ['a negative number', -5, 0],
    ['an absurd number [expires-in-huge]', 1e300, 86_400_000],
  ])('reads the lifetime when expires_in is %s', (_name, value, expected) => {
    expect(lifetime(value)).toBe(expected);
  });

  test.each([
    ['HTML of a captive portal', '<!doctype html><title>Welcome</title>'],
    ['an empty body', ''],
    ['truncated JSON', '{"access_token":"a'],
    ['an array', []],
    ['null', 'null'],
    ['an access token alone, and no good one', { access_token: 7 }],
  ])('reports an unexpected answer, and assumes a possible rotation, when the body is %s', (_name, body) => {
    const verdict = judge(200, body);
    expect(verdict).toMatchObject({ type: 'failed', unanswered: true, problem: { code: 'unexpected-answer' } });
  });

  test.each([[{ token_type: 'Bearer' }], [{ code: 401, message: 'expired' }], [{ access_token: null, error: 'x' }]])(
    'takes %j for a refusal in words of its own, and assumes a possible rotation',
    (body) => {
      const refused = { type: 'failed', unanswered: true, problem: { code: 'refresh-refused', status: 200 } };
      expect(judge(200, body)).toMatchObject(refused);
    },
  );

  test.each([
    ['no access token', { refresh_token: 'rt2', token_type: 'Bearer' }],
    ['an access token that breaks out of a header', { ...good, refresh_token: 'rt2', access_token: 'a\r\nx: y' }],
    ['an unknown token type', { ...good, refresh_token: 'rt2', token_type: 'mac' }],
    ['a bearer token for a client that proved possession', { ...good, refresh_token: 'rt2' }],
  ])('keeps the new refresh token when the answer has %s', (name, body) => {
    const verdict = judge(200, body, name.includes('possession') ? 'DPoP' : 'Bearer');
    expect(verdict).toEqual({ type: 'granted', grant: { access: undefined, refresh: 'rt2' } });
  });

  test.each([[null], [''], [7], [undefined]])(
    'keeps the old refresh token when refresh_token is %j',
    (refresh_token) => {
      const verdict = judge(200, { ...good, refresh_token });
      expect(verdict.type === 'granted' && verdict.grant.refresh).toBeUndefined();
    },
  );

  test('ignores tokens in a "__proto__" field', () => {
    expect(problem(judge(200, '{"__proto__":{"access_token":"at","refresh_token":"rt","token_type":"Bearer"}}'))).toBe(
      'refresh-refused',
    );
  });
});

describe('an error of the token endpoint', () => {
  test.each([
    [400, { error: 'invalid_grant' }, 'grant-rejected'],
    [401, { error: 'invalid_grant' }, 'grant-rejected'],
    [403, { error: 'invalid_grant' }, 'grant-rejected'],
    [422, { error: 'invalid_grant' }, 'grant-rejected'],
    [500, { error: 'invalid_grant' }, 'server-unavailable'],
    [400, '<html>bad request</html>', 'server-unavailable'],
    [403, '<html>firewall</html>', 'server-unavailable'],
    [429, '', 'rate-limited'],
    [503, '', 'server-unavailable'],
    [400, { error: 'slow_down' }, 'rate-limited'],
    [400, { error: 'temporarily_unavailable' }, 'server-unavailable'],
    [400, { error: 'invalid_dpop_proof' }, 'server-unavailable'],
    [401, { error: 'invalid_client' }, 'misconfigured'],
    [400, { error: 'invalid_scope' }, 'misconfigured'],
    [400, { error: 'interaction_required', error_description: 'AADSTS50076' }, 'sign-in-required'],
    [400, { error: 'login_required' }, 'sign-in-required'],
    [401, { error: 'consent_required' }, 'sign-in-required'],
    [400, { error: 'invalid_request', error_description: 'session not found' }, 'sign-in-required'],
    [403, { error: 'invalid_token' }, 'sign-in-required'],
    [403, { error: 'access_denied' }, 'sign-in-required'],
    [400, { error: 'session_expired' }, 'sign-in-required'],
    [400, { code: 400, error_code: 'refresh_token_already_used', msg: 'Already used' }, 'sign-in-required'],
    [401, { detail: 'Token is invalid or expired', code: 'token_not_valid' }, 'sign-in-required'],
    [400, { error: { code: 400, message: 'TOKEN_EXPIRED', status: 'INVALID_ARGUMENT' } }, 'sign-in-required'],
    [400, { __type: 'NotAuthorizedException', message: 'Refresh Token has expired' }, 'sign-in-required'],
    [400, { error: 'AADSTS700082' }, 'sign-in-required'],
    [403, { error: 'session_revoked' }, 'sign-in-required'],
    [401, { error: 'Unauthorized', message: 'invalid_token' }, 'sign-in-required'],
    [400, '', 'refresh-refused'],
    [401, 'Unauthorized', 'refresh-refused'],
    [401, { statusCode: 401, message: 'Unauthorized' }, 'refresh-refused'],
    [400, { error: 'Bad Request' }, 'refresh-refused'],
    [400, {}, 'refresh-refused'],
    [403, '', 'server-unavailable'],
    [403, { error: 'Forbidden' }, 'server-unavailable'],
    [403, { error: 'blocked_by_rule' }, 'server-unavailable'],
    [404, { error: 'gone' }, 'server-unavailable'],
    [404, '', 'server-unavailable'],
    [408, '', 'server-unavailable'],
    [400, { error: 'rate_limit_exceeded' }, 'server-unavailable'],
    [400, { error: 'internal_error' }, 'server-unavailable'],
    [500, { error: 'login_required' }, 'server-unavailable'],
    [0, '', 'unexpected-answer'],
    [204, '', 'unexpected-answer'],
    [302, '', 'unexpected-answer'],
  ])('classifies %i %j as %s', (status, body, code) => {
    expect(problem(judge(status, body))).toBe(code);
  });

  test('keeps the pause of Retry-After', () => {
    expect(judge(503, '', 'Bearer', 7_000)).toMatchObject({ problem: { retryAfterMs: 7_000 } });
  });

  test('returns the OAuth error code only when the status is 4xx and the body is JSON', () => {
    const answer = { at: '/token', status: 400, text: '{"error":"use_dpop_nonce"}', receivedAt: NOW };
    expect(errorOf(answer)).toBe('use_dpop_nonce');
    expect(errorOf({ ...answer, status: 503 })).toBeUndefined();
    expect(errorOf({ ...answer, text: '<html>use_dpop_nonce</html>' })).toBeUndefined();
  });
});
