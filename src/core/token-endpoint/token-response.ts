import { isAccessToken } from '../../protocol/backend-responses.ts';
import { isObject, numberAt, own, parseJson, stringAt, type JsonObject } from '../../protocol/schema/json.ts';
import type { Problem } from '../../protocol/problem.ts';
import { DEFAULT_ACCESS_SECONDS } from '../../protocol/timing/lifetimes.ts';
import { endOf, meaningOf, type EndsOn, type TokenError } from './token-error.ts';
import type { AccessToken, TokenResponse } from '../session/session-types.ts';

/** A complete HTTP response of a token endpoint. `at` is the endpoint's path or origin + path, as in problems. */
export type TokenEndpointAnswer = TokenError & {
  at: string;
  retryAfterMs?: number | undefined;
  receivedAt: number;
};

export type TokenVerdict =
  | { type: 'granted'; grant: TokenResponse }
  | { type: 'failed'; problem: Problem; unanswered: boolean };

const LONGEST_LIFETIME_S = 86_400;

/** In seconds. RFC 6749 §5.1 requires a number, but servers also send strings or nothing. */
const lifetimeOf = (body: JsonObject): number | undefined => {
  const value = own(body, 'expires_in');
  const seconds = typeof value === 'string' ? Number.parseFloat(value) : numberAt(body, 'expires_in');
  return seconds === undefined || Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
};

/** The expiry is advice, because the 401 decides. `assumed`: the server declared no lifetime that a session could end by. */
const accessToken = (value: string, scheme: AccessToken['scheme'], body: JsonObject, now: number): AccessToken => {
  const seconds = lifetimeOf(body);
  const lifetimeMs = Math.min(seconds ?? DEFAULT_ACCESS_SECONDS, LONGEST_LIFETIME_S) * 1_000;
  return { value, scheme, issuedAt: now, expiresAt: now + lifetimeMs, ...(seconds ? {} : { assumed: true }) };
};

/** Servers write what is absent as `null` or an empty string, too. */
const isAbsent = (value: unknown): boolean => value === undefined || value === null || value === '';

/** Which schemes fit. `any`: a client that offered a proof at sign-in, where the server decides. */
export type ExpectedScheme = AccessToken['scheme'] | 'any';

const SCHEMES: { readonly [type: string]: AccessToken['scheme'] } = { bearer: 'Bearer', dpop: 'DPoP' };

/** Without a type the token is of the expected scheme: RFC 6749 §5.1 requires a type, and some servers leave it out. */
const schemeOf = (body: JsonObject, expected: ExpectedScheme): AccessToken['scheme'] | undefined => {
  const named = isAbsent(own(body, 'token_type'))
    ? { any: 'Bearer' as const, Bearer: 'Bearer' as const, DPoP: 'DPoP' as const }[expected]
    : SCHEMES[stringAt(body, 'token_type')?.toLowerCase() ?? ''];
  return expected === 'any' || named === expected ? named : undefined;
};

/**
 * A 200 means that the old refresh token is consumed, so a new one is kept even if the rest of the response is invalid.
 * `expected` prevents a downgrade: a bearer token for a client that proved possession of its key, or the reverse.
 */
const parseGrant = (
  body: JsonObject,
  expected: ExpectedScheme,
  receivedAt: number,
  isSamePerson: IdTokenCheck,
): TokenResponse | undefined => {
  const value = own(body, 'access_token');
  const given = own(body, 'refresh_token');
  const refresh = typeof given === 'string' && given !== '' ? given : undefined;
  const scheme = schemeOf(body, expected);
  const idToken = own(body, 'id_token');
  const fits = isAccessToken(value) && scheme !== undefined && (isAbsent(idToken) || isSamePerson(idToken));
  if (!fits && refresh === undefined) return undefined;
  return { access: fits ? accessToken(value, scheme, body, receivedAt) : undefined, refresh };
};

const problemOf = (answer: TokenEndpointAnswer, endsOn: EndsOn): Problem => {
  const { at, status, retryAfterMs } = answer;
  const end = endOf(answer, endsOn);
  if (end !== undefined) return { code: 'sign-in-required', at, status, error: end };
  const { type, error = '' } = meaningOf(answer);
  switch (type) {
    case 'no-answer':
      return { code: 'unexpected-answer', at, status, detail: 'no token' };
    case 'rejected':
      return { code: 'grant-rejected', at, status, error };
    case 'person-needed':
      return { code: 'sign-in-required', at, status, error };
    case 'no-reason':
      return { code: 'refresh-refused', at, status, retryAfterMs };
    case 'slow-down':
      return { code: 'rate-limited', at, status, retryAfterMs };
    case 'misconfigured':
      return { code: 'misconfigured', at, status, detail: error };
    case 'unavailable':
      return { code: 'server-unavailable', at, status, retryAfterMs };
  }
};

/** Whether the ID token of a refresh response has the session's subject (OpenID Connect Core §12.2). */
export type IdTokenCheck = (idToken: unknown) => boolean;

/** What a site or a session adds to the meaning of an answer. */
export type TokenRules = { isSamePerson?: IdTokenCheck | undefined; endsOn?: EndsOn | undefined };

/** The one parser of all answers of token endpoints: code exchange, login and refresh. */
export const judgeTokenAnswer = (
  answer: TokenEndpointAnswer,
  expected: ExpectedScheme,
  { isSamePerson = () => true, endsOn = [] }: TokenRules = {},
): TokenVerdict => {
  if (answer.status !== 200) return { type: 'failed', problem: problemOf(answer, endsOn), unanswered: false };
  const body = parseJson(answer.text);
  const grant = isObject(body) ? parseGrant(body, expected, answer.receivedAt, isSamePerson) : undefined;
  if (grant) return { type: 'granted', grant };
  const { at, status } = answer;
  const end = endOf(answer, endsOn);
  if (end !== undefined)
    return { type: 'failed', problem: { code: 'sign-in-required', at, status, error: end }, unanswered: false };
  // Some backends refuse with 200, in words of their own. The provider may have rotated the token nevertheless.
  if (isObject(body) && isAbsent(own(body, 'access_token')) && isAbsent(own(body, 'refresh_token')))
    return { type: 'failed', problem: { code: 'refresh-refused', at, status }, unanswered: true };
  // A captive portal answered, or the response is incomplete.
  return { type: 'failed', problem: { code: 'unexpected-answer', at, status, detail: 'no token' }, unanswered: true };
};
