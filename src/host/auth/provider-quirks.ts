import type { AuthorizationServer } from 'oauth4webapi';
import type { Session } from '../../core/session/session-types.ts';
import { errorOf } from '../../core/token-endpoint/token-error.ts';
import type { Result } from '../../protocol/problem.ts';
import { IN_COOKIE } from './methods/answer-places.ts';
import { DIRECT_FETCH, type HttpAnswer } from '../runtime/http.ts';
import { sendDirectly } from '../runtime/send-directly.ts';

/*
 * Where OpenID providers deviate, and what the keeper does about it. Start here when a provider behaves oddly.
 *
 * | The provider …                                               | handled in
 * | demands a DPoP nonce, or judges proofs by a wrong clock      | `createProofRetry`
 * | calls a DPoP proof that it has seen before `invalid_grant`   | `sendRefresh`
 * | has a wrong clock, or the device has                         | `serverClockSkew`
 * | offers no DPoP, or not with ES256                            | `supportsDpop`
 * | has no revocation endpoint                                   | `revoke` in oidc-method.ts
 * | has one grant for all sign-ins of a person                   | `revocationEndsCurrent`
 * | wants other parameters, another `prompt` or other scopes     | authorization-request.ts
 * | has another issuer, or its metadata elsewhere                | discovery.ts
 * | has a log-out page of its own                                | log-out-url.ts
 * | sends odd JSON, a string as `expires_in`, or HTML            | src/core/token-endpoint/token-response.ts
 */

/** ES256 is the one DPoP algorithm that every WebCrypto has. */
export const supportsDpop = (as: AuthorizationServer): boolean =>
  as.dpop_signing_alg_values_supported?.includes('ES256') ?? false;

/**
 * Seconds by which the server's clock is ahead of this device's, or NaN when no `Date` header is readable. CORS hides
 * `Date` from other origins. Then the application's own server answers for it: usually the device's clock is wrong.
 */
export const serverClockSkew = async ({ headers }: Response, now: () => number): Promise<number> => {
  const date =
    headers.get('date') ??
    (await sendDirectly('/', { ...DIRECT_FETCH, method: 'HEAD' }).then(
      (own) => own.headers.get('date'),
      () => null,
    ));
  return Math.round((Date.parse(date ?? '') - now()) / 1000);
};

/** `Date` counts in whole seconds, and the answer took a while to arrive. */
const SAME_CLOCK_S = 5;

export type ProofRetry = {
  /** Seconds to add to `iat` of a proof for this URL. */
  skewOf(url: string): number;
  /**
   * Whether a new proof may succeed after this `error` (RFC 9449 §7.1, §8). `use_dpop_nonce`: the server sent a nonce.
   * `invalid_dpop_proof`: its clock differs, and it judges the age of a proof by that clock (§4.3).
   */
  mayRetry(error: unknown, answer: Response): Promise<boolean>;
};

export const createProofRetry = (now: () => number): ProofRetry => {
  /** By origin, only where the difference cost a proof. */
  const skews = new Map<string, number>();
  const originOf = (url: string): string => new URL(url).origin;
  const skewOf = (url: string): number => skews.get(originOf(url)) ?? 0;
  return {
    skewOf,
    async mayRetry(error, answer) {
      if (error !== 'invalid_dpop_proof') return error === 'use_dpop_nonce';
      const skew = await serverClockSkew(answer, now);
      const differs = Math.abs(skew - skewOf(answer.url)) > SAME_CLOCK_S;
      if (differs) skews.set(originOf(answer.url), skew);
      return differs;
    },
  };
};

/**
 * Sends a refresh, and again where only its proof was at fault. A browser repeats a POST whose connection died, with
 * the same proof. oidc-provider answers the repeated proof with `invalid_grant`. So the keeper believes `invalid_grant`
 * only when a new proof gets it too.
 */
export const sendRefresh = async (
  send: () => Promise<Result<HttpAnswer>>,
  hasProof: boolean,
  mayRetry: ProofRetry['mayRetry'],
): Promise<Result<HttpAnswer>> => {
  let answer = await send();
  if (answer.ok && (await mayRetry(errorOf(answer.value), answer.value.response))) answer = await send();
  if (answer.ok && hasProof && errorOf(answer.value) === 'invalid_grant') answer = await send();
  return answer;
};
/**
 * Whether revoking `session` would end the `current` one as well. A cookie is one for all sign-ins. A provider may have
 * one grant for a person and a client, and revokes it with any of its refresh tokens (RFC 7009 §2.1).
 */
export const revocationEndsCurrent = (
  session: Session,
  current: Session | undefined,
  grantPerSignIn: boolean | undefined,
): boolean =>
  session.kind === current?.kind &&
  (session.kind === 'ticket' ||
    session.tokens.refresh === IN_COOKIE ||
    (session.kind === 'oidc' && !grantPerSignIn && session.user?.sub === current.user?.sub));
