import {
  authorizationCodeGrantRequest,
  clockSkew,
  getValidatedIdTokenClaims,
  None,
  processAuthorizationCodeResponse,
  type AuthorizationServer,
  type DPoPHandle,
} from 'oauth4webapi';
import { errorOf } from '../../core/token-endpoint/token-error.ts';
import { judgeTokenAnswer } from '../../core/token-endpoint/token-response.ts';
import type { AccessToken, TokenResponse } from '../../core/session/session-types.ts';
import type { OidcConfig } from '../../protocol/sign-in-config.ts';
import { failed, ok, type Result } from '../../protocol/problem.ts';
import { isObject, parseJson, stringAt } from '../../protocol/schema/json.ts';
import { boundedFetch, type HttpAnswer } from '../runtime/http.ts';
import { providerFetch, TENANT } from './discovery.ts';
import type { DpopKeys } from './dpop-keys.ts';
import { claimsIn } from './id-token.ts';
import { corsProblem, exchangeProblem, type SetUp } from './set-up-problem.ts';
import type { PendingSignIn } from './pending-sign-ins.ts';
import { serverClockSkew } from './provider-quirks.ts';
import { signInFailure } from './methods/sign-in-failure.ts';
import { SIGN_IN_DEADLINE_MS } from './methods/sign-in-method.ts';

export type CodeExchangeOptions = {
  config: OidcConfig;
  origin: string;
  redirectUri: string;
  keys: Pick<DpopKeys, 'handle' | 'mayRetry'>;
  setUp: SetUp;
  now(): number;
};

/** The tokens of a sign-in, and its ID token. */
export type ExchangedCode = { grant: TokenResponse; idToken: string | undefined };

export type ExchangeCode = (
  as: AuthorizationServer,
  pending: PendingSignIn,
  params: URLSearchParams,
) => Promise<Result<ExchangedCode>>;

/**
 * Exchanges a code for tokens (RFC 6749 §4.1.3). The parser is that of the refresh. oauth4webapi judges the ID token alone,
 * because it rejects answers whose other fields are odd, such as `"scope": null`.
 */
export const createCodeExchange = ({
  config,
  origin,
  redirectUri,
  keys,
  setUp,
  now,
}: CodeExchangeOptions): ExchangeCode => {
  const client = { client_id: config.clientId };
  const additionalParameters = config.resource === undefined ? undefined : { resource: config.resource };

  const request = async (
    as: AuthorizationServer,
    { key, verifier }: PendingSignIn,
    params: URLSearchParams,
  ): Promise<Result<HttpAnswer>> => {
    const dpop: { DPoP?: DPoPHandle } = key === undefined ? {} : { DPoP: await keys.handle(key) };
    const send = (): Promise<Result<HttpAnswer>> =>
      boundedFetch(
        (signal) =>
          authorizationCodeGrantRequest(as, client, None(), params, redirectUri, verifier, {
            ...providerFetch([config.issuer, origin], signal),
            ...dpop,
            ...(additionalParameters && { additionalParameters }),
          }),
        as.token_endpoint ?? config.issuer,
        { origin, deadlineMs: SIGN_IN_DEADLINE_MS, now },
      );
    const answer = await send();
    return answer.ok && (await keys.mayRetry(errorOf(answer.value), answer.value.response)) ? send() : answer;
  };

  /** Rejects unless the ID token is for this client and this sign-in (OpenID Connect Core §3.1.3.7). */
  const claimsOf = async (
    as: AuthorizationServer,
    { nonce }: PendingSignIn,
    { value, scheme }: AccessToken,
    { text, response }: HttpAnswer,
  ) => {
    const body = parseJson(text);
    const idToken = isObject(body) ? stringAt(body, 'id_token') : undefined;
    const fields = { access_token: value, token_type: scheme, id_token: idToken };
    const plain = new Response(JSON.stringify(fields), { headers: { 'content-type': 'application/json' } });
    // Without it, an ID token counts as expired where the clock of the provider or of the device is wrong.
    const skew = (await serverClockSkew(response, now)) || 0;
    const expected = { expectedNonce: nonce, requireIdToken: true };
    const issuer = as.issuer.replace(TENANT, () => stringAt(claimsIn(idToken), 'tid') ?? '');
    const tokens = await processAuthorizationCodeResponse(
      { ...as, issuer },
      { ...client, [clockSkew]: skew },
      plain,
      expected,
    );
    return { claims: getValidatedIdTokenClaims(tokens), idToken };
  };

  return async (as, pending, params) => {
    const answer = await request(as, pending, params);
    if (!answer.ok) {
      const { problem } = answer;
      const { token_endpoint: endpoint = config.issuer } = as;
      return failed(problem.code === 'network-unreachable' ? await corsProblem(problem, endpoint, setUp) : problem);
    }
    const { at, status } = answer.value;
    const bound = config.dpop === 'required' ? 'DPoP' : 'any';
    const verdict = judgeTokenAnswer(answer.value, pending.key === undefined ? 'Bearer' : bound);
    if (verdict.type === 'failed') return failed(exchangeProblem(signInFailure(verdict.problem), answer.value, setUp));
    const { access, refresh } = verdict.grant;
    if (!access) return failed({ code: 'unexpected-answer', at, status, detail: 'no access token' });
    const { claims, idToken } = await claimsOf(as, pending, access, answer.value);
    const name = claims?.['name'];
    const user = claims && { sub: claims.sub, name: typeof name === 'string' ? name : undefined };
    const key = access.scheme === 'DPoP' ? pending.key : undefined;
    return ok({ grant: { access, refresh, key, subject: claims?.sub, user }, idToken });
  };
};
