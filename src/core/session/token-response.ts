import { isToken } from '../../protocol/backend-responses.ts';
import { isObject, numberAt, own, parseJson, stringAt, type JsonObject } from '../../protocol/schema/json.ts';
import type { Problem } from '../../protocol/problem.ts';
import { DEFAULT_ACCESS_SECONDS } from '../../protocol/timing/lifetimes.ts';
import type { AccessToken, TokenResponse } from './session-types.ts';

/** An HTTP answer of a token endpoint, read whole. `at` is the endpoint's path or origin + path. */
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

/** RFC 6749 §5.1 asks for a number; servers send strings, nothing, and worse. Advice only: the 401 decides. */
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
 * Salvage first: by the time of a 200 the old refresh token is consumed, so a new one is kept whatever else is odd.
 * `expected` refuses a downgrade: a bearer token to a client that proved possession, or the other way about.
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

/** Only JSON from the endpoint itself, with a status of RFC 6749 §5.2, says anything about the session. */
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

/** Whether an ID token, where one comes with a refresh, is about whom the session is (OpenID Connect Core §12.2). */
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
  // A captive portal, or an answer cut short: the server may well have rotated.
  return {
    type: 'failed',
    problem: { code: 'unexpected-answer', at: answer.at, status: 200, detail: 'no token' },
    unanswered: true,
  };
};
