import type { Problem } from '../../protocol/problem.ts';
import { isObject, parseJson, stringAt } from '../../protocol/schema/json.ts';
import { DIRECT_FETCH } from '../runtime/http.ts';
import { sendDirectly } from '../runtime/send-directly.ts';

/*
 * What is wrong with a set-up, and its cure. A person can only say that the sign-in does not work, so `detail` is for the
 * developer: the address and the status are fields of the problem, and the page shows all three.
 */

/** What the configuration says, for sentences about it. */
export type SetUp = { origin: string; redirectUri: string; clientId: string; scope: string };

const misconfigured = (at: string, status: number | undefined, detail: string): Problem => ({
  code: 'misconfigured',
  at,
  detail,
  status,
});

/** The address of the metadata answers something else. */
export const addressProblem = (at: string, status: number): Problem =>
  misconfigured(at, status, 'These are no OpenID metadata. Check "issuer", or name their address in "metadata".');

export const issuerProblem = (at: string, status: number, issuer: string): Problem =>
  misconfigured(at, status, `The metadata name the issuer ${issuer}. Set "issuer" to it, or name ${at} in "metadata".`);

/** By error code (RFC 6749 §4.1.2.1, §5.2, RFC 8707 §2; `redirect_uri_mismatch` is Google's). */
const CURES: { readonly [error: string]: (setUp: SetUp) => string } = {
  redirect_uri_mismatch: ({ redirectUri, clientId }) =>
    `Register exactly ${redirectUri} as a redirect URI of client "${clientId}".`,
  invalid_client: ({ clientId }) => `Make client "${clientId}" a public one, without a secret, or correct its id.`,
  unauthorized_client: ({ clientId }) =>
    `Allow client "${clientId}" the grants authorization_code and refresh_token, with PKCE.`,
  invalid_scope: ({ scope, clientId }) => `Allow client "${clientId}" the scope "${scope}", or ask for another one.`,
  invalid_target: () => 'The provider does not know this "resource" or audience. Register the API there.',
  unsupported_response_type: ({ clientId }) => `Allow client "${clientId}" the response type "code".`,
  unsupported_grant_type: ({ clientId }) =>
    `Allow client "${clientId}" the grants authorization_code and refresh_token.`,
};

/** The sentences of providers. They name the redirect URI under several codes, and Entra ID gives each error a number. */
const SENTENCES: readonly (readonly [pattern: RegExp, error: string])[] = [
  [/redirect[_ -]?ur[il]/i, 'redirect_uri_mismatch'],
  [/AADSTS(9002326|7000218)/, 'invalid_client'],
  [/AADSTS(500011|650057)/, 'invalid_target'],
];

/** The cure for an error of the authorization or token endpoint, if it is one of the set-up. */
const cureOf = (error: string, description: string, setUp: SetUp): string | undefined => {
  const named = SENTENCES.find(([pattern]) => pattern.test(description))?.[1] ?? error;
  const cure = Object.hasOwn(CURES, named) ? CURES[named] : undefined;
  return cure && `${error}: ${cure(setUp)}`;
};

/** The provider sent the person back with an error. */
export const callbackProblem = (at: string, params: URLSearchParams, setUp: SetUp): Problem => {
  const error = params.get('error') ?? '';
  const cure = cureOf(error, params.get('error_description') ?? '', setUp);
  return cure === undefined ? { code: 'sign-in-refused', error } : misconfigured(at, undefined, cure);
};

/** `problem`, or the set-up's part in it where the token endpoint says so. */
export const exchangeProblem = (problem: Problem, { at, status, text }: TokenAnswer, setUp: SetUp): Problem => {
  const body = status >= 400 ? parseJson(text) : undefined;
  if (!isObject(body)) return problem;
  const cure = cureOf(stringAt(body, 'error') ?? '', stringAt(body, 'error_description') ?? '', setUp);
  return cure === undefined ? problem : misconfigured(at, status, cure);
};
type TokenAnswer = { at: string; status: number; text: string };

/** The path exists nowhere on this server: the configuration names another one. */
const isWrongPath = (status: number): boolean => status === 404 || status === 405 || status === 410;

/** The metadata could not be read. A refresh waits and tries again, and a sign-in says why. */
export const discoveryProblem = async (problem: Problem, address: string, setUp: SetUp): Promise<Problem> => {
  if (problem.code === 'server-unavailable' && isWrongPath(problem.status))
    return addressProblem(problem.at, problem.status);
  return problem.code === 'network-unreachable' ? corsProblem(problem, address, setUp) : problem;
};

/**
 * A request that CORS forbids fails like one without a network. Where the same address answers a request whose answer no
 * script may read, the network is not the cause (https://fetch.spec.whatwg.org/#concept-request-mode).
 */
export const corsProblem = async (
  problem: Problem & { code: 'network-unreachable' },
  address: string,
  { origin }: SetUp,
): Promise<Problem> => {
  if (problem.offline === true || new URL(address, origin).origin === origin) return problem;
  const answers = await sendDirectly(address, {
    ...DIRECT_FETCH,
    redirect: 'follow',
    mode: 'no-cors',
    credentials: 'omit',
  }).then(
    () => true,
    () => false,
  );
  const readable =
    answers && (await sendDirectly(address, { ...DIRECT_FETCH, credentials: 'omit' }).catch(() => undefined));
  return answers && !readable
    ? misconfigured(problem.at, undefined, `No CORS: allow the origin ${origin} at the provider, for this address too.`)
    : problem;
};
