import { isObject, own, parseJson, stringAt, type JsonObject } from '../../protocol/schema/json.ts';

/** The part of an answer that says why a token endpoint gives no token. */
export type TokenError = { status: number; text: string };

/**
 * What an error of a token endpoint means.
 * - `rejected`: the refresh token is dead, by RFC 6749 §5.2. Only this ends a session.
 * - `person-needed`: the provider renews nothing without the user.
 * - `no-reason`: the endpoint refuses and gives no reason. Only many of these in a row say something.
 * - `unavailable`: a proxy, a firewall or a fault. It says nothing about the session.
 */
export type TokenErrorMeaning = {
  type: 'no-answer' | 'rejected' | 'person-needed' | 'misconfigured' | 'no-reason' | 'slow-down' | 'unavailable';
  /** The code in the answer, if it has one. */
  error?: string;
};

/** Codes of RFC 6749 §5.2, RFC 8707 §2, RFC 9449 §5, §8, and OpenID Connect Core §3.1.2.6; `mfa_required` is Auth0's. */
const KNOWN = new Map<string, TokenErrorMeaning['type']>([
  ['invalid_grant', 'rejected'],
  ['slow_down', 'slow-down'],
  ['temporarily_unavailable', 'unavailable'],
  ['server_error', 'unavailable'],
  ['use_dpop_nonce', 'unavailable'],
  ['invalid_dpop_proof', 'unavailable'],
  ['invalid_client', 'misconfigured'],
  ['unauthorized_client', 'misconfigured'],
  ['unsupported_grant_type', 'misconfigured'],
  ['invalid_scope', 'misconfigured'],
  ['invalid_target', 'misconfigured'],
  ['interaction_required', 'person-needed'],
  ['login_required', 'person-needed'],
  ['consent_required', 'person-needed'],
  ['account_selection_required', 'person-needed'],
  ['unmet_authentication_requirements', 'person-needed'],
  ['mfa_required', 'person-needed'],
  ['access_denied', 'person-needed'],
  ['invalid_request', 'person-needed'],
  ['invalid_token', 'person-needed'],
]);

/** A code, not a sentence for people. */
const CODE = /^[A-Za-z][\w.#-]{2,99}$/;
const HAS_PARTS = /_|\d|[a-z][A-Z]/;
/** The status in other words: frameworks write these into every error. */
const EMPTY_WORDS = /^(bad[_-]?request|unauthori[sz]ed|unauthenticated\.?|forbidden|invalid|errors?|fail(ed|ure)?)$/i;
const PASSES =
  /(^|_)rate|too[_-]?many|throttl|quota|(request|gateway)[_-]?timeout|unavailab|internal|temporar|try[_-]?again|busy|maintenance/i;
const NAMES_SESSION = /token|session|grant|log[_-]?in|sign[_-]?in|consent|interaction|auth|expired|revoked|AADSTS/i;

const isCode = (code: string): boolean =>
  CODE.test(code) && !EMPTY_WORDS.test(code) && (HAS_PARTS.test(code) || NAMES_SESSION.test(code));

const CODE_NAMES = ['error', 'error_code', 'errorCode', 'code', '__type', 'message'] as const;

/** Providers outside OAuth name their code `code`, `error_code` and so on, also inside an object `error`. */
const codesIn = (body: JsonObject): readonly string[] => {
  const error = own(body, 'error');
  return [...(isObject(error) ? codesIn(error) : []), ...CODE_NAMES.flatMap((name) => stringAt(body, name) ?? [])];
};

/** The OAuth error code of an answer: JSON with any 4xx. RFC 6749 §5.2 says 400, and real providers send 401 or 403. */
export const errorOf = (answer: TokenError): string | undefined => {
  const body = bodyOf(answer);
  return body && stringAt(body, 'error');
};

const bodyOf = ({ status, text }: TokenError): JsonObject | undefined => {
  const body = status >= 400 && status < 500 ? parseJson(text) : undefined;
  return isObject(body) ? body : undefined;
};

const isMarkup = (text: string): boolean => text.trimStart().startsWith('<');

/** HTTP statuses and error codes by which a site's own endpoint says that only the person can go on. */
export type EndsOn = readonly (string | number)[];

/** The code or status of this answer that the site's configuration names. */
export const endOf = ({ status, text }: TokenError, endsOn: EndsOn): string | undefined => {
  const body = endsOn.length > 0 ? parseJson(text) : undefined;
  const codes = isObject(body) ? codesIn(body) : [];
  return codes.find((code) => endsOn.includes(code)) ?? (endsOn.includes(status) ? `HTTP ${status}` : undefined);
};

/** Classifies an answer without a token. Never guesses an end: all but `invalid_grant` keeps the tokens. */
export const meaningOf = (answer: TokenError): TokenErrorMeaning => {
  const { status, text } = answer;
  if (status < 400) return { type: 'no-answer' };
  if (status === 429) return { type: 'slow-down' };
  const body = bodyOf(answer);
  const codes = body ? codesIn(body) : [];
  for (const error of codes) {
    const type = KNOWN.get(error);
    if (type) return { type, error };
  }
  // With these, the endpoint itself answers. A firewall also sends JSON with other 4xx.
  const refuses = status === 400 || status === 401;
  const error = codes.find(isCode);
  if (error !== undefined && !PASSES.test(error) && (refuses || NAMES_SESSION.test(error)))
    return { type: 'person-needed', error };
  return refuses && error === undefined && !isMarkup(text) ? { type: 'no-reason' } : { type: 'unavailable' };
};
