import { isToken } from '../../protocol/backend-responses.ts';
import { isObject, numberAt, own, parseJson, stringAt, type JsonObject } from '../../protocol/schema/json.ts';
import type { Problem } from '../../protocol/problem.ts';
import { DEFAULT_ACCESS_SECONDS } from '../../protocol/timing/lifetimes.ts';
import type { AccessToken, TokenResponse } from './session-types.ts';

/** A complete HTTP response of a token endpoint. `at` is the endpoint's path or origin + path, as in problems. */
export type TokenEndpointAnswer = {
  at: string;
  status: number;
  text: string;
  retryAfterMs?: number | undefined;
  receivedAt: number;
};

export type TokenVerdict =
  | { type: 'granted'; grant: TokenResponse }
  | { type: 'failed'; problem: Problem; unanswered: boolean };

const LONGEST_LIFETIME_S = 86_400;

/** RFC 6749 §5.1 requires a number, but servers also send strings or nothing. It is advice only: the 401 decides. */
const lifetimeMs = (body: JsonObject): number => {
  const value = own(body, 'expires_in');
  const seconds = typeof value === 'string' ? Number.parseFloat(value) : numberAt(body, 'expires_in');
  const advice = seconds === undefined || Number.isNaN(seconds) ? DEFAULT_ACCESS_SECONDS : seconds;
  return Math.min(Math.max(0, advice), LONGEST_LIFETIME_S) * 1000;
};

const schemeOf = (body: JsonObject): AccessToken['scheme'] | undefined => {
  switch (stringAt(body, 'token_type')?.toLowerCase()) {
    case 'bearer':
      return 'Bearer';
    case 'dpop':
      return 'DPoP';
    default:
      return undefined;
  }
};

/**
 * A 200 means that the old refresh token is consumed, so a new one is kept even if the rest of the response is invalid.
 * `expected` prevents a downgrade: a bearer token for a client that proved possession of its key, or the reverse.
 */
const parseGrant = (
  body: JsonObject,
  expected: AccessToken['scheme'],
  receivedAt: number,
  isSamePerson: IdTokenCheck,
): TokenResponse | undefined => {
  const value = own(body, 'access_token');
  const given = own(body, 'refresh_token');
  const refresh = typeof given === 'string' && given !== '' ? given : undefined;
  const scheme = schemeOf(body);
  const idToken = own(body, 'id_token');
  const fits = isToken(value) && scheme === expected && (idToken === undefined || isSamePerson(idToken));
  if (!fits && refresh === undefined) return undefined;
  const access: AccessToken | undefined = fits
    ? { value, scheme: expected, issuedAt: receivedAt, expiresAt: receivedAt + lifetimeMs(body) }
    : undefined;
  return { access, refresh };
};

const TRANSIENT: ReadonlySet<string> = new Set([
  'temporarily_unavailable',
  'server_error',
  'use_dpop_nonce',
  'invalid_dpop_proof',
]);

/** Only JSON with a status of RFC 6749 §5.2 is an answer of the token endpoint. A proxy or firewall sends others. */
export const errorOf = ({ status, text }: TokenEndpointAnswer): string | undefined => {
  const body = status === 400 || status === 401 ? parseJson(text) : undefined;
  return isObject(body) ? stringAt(body, 'error') : undefined;
};

const problemOf = (answer: TokenEndpointAnswer): Problem => {
  const { at, status, retryAfterMs } = answer;
  if (status === 429) return { code: 'rate-limited', at, status, retryAfterMs };
  const error = errorOf(answer);
  if (status >= 400 && error === undefined) return { code: 'server-unavailable', at, status, retryAfterMs };
  if (error === undefined) return { code: 'unexpected-answer', at, status, detail: 'no token' };
  if (error === 'invalid_grant') return { code: 'grant-rejected', at, status, error };
  if (error === 'slow_down') return { code: 'rate-limited', at, status, retryAfterMs };
  if (TRANSIENT.has(error)) return { code: 'server-unavailable', at, status, retryAfterMs };
  return { code: 'misconfigured', at, detail: error };
};

/** Whether the ID token of a refresh response has the session's subject (OpenID Connect Core §12.2). */
export type IdTokenCheck = (idToken: unknown) => boolean;

export const judgeTokenAnswer = (
  answer: TokenEndpointAnswer,
  expected: AccessToken['scheme'],
  isSamePerson: IdTokenCheck = () => true,
): TokenVerdict => {
  if (answer.status !== 200) return { type: 'failed', problem: problemOf(answer), unanswered: false };
  const body = parseJson(answer.text);
  const grant = isObject(body) ? parseGrant(body, expected, answer.receivedAt, isSamePerson) : undefined;
  if (grant) return { type: 'granted', grant };
  // A captive portal answered, or the response is incomplete. The provider may have rotated the token.
  return {
    type: 'failed',
    problem: { code: 'unexpected-answer', at: answer.at, status: 200, detail: 'no token' },
    unanswered: true,
  };
};
