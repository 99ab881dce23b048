import {
  authorizationCodeGrantRequest,
  AuthorizationResponseError,
  calculatePKCECodeChallenge,
  clockSkew,
  generateRandomCodeVerifier,
  generateRandomNonce,
  generateRandomState,
  getValidatedIdTokenClaims,
  None,
  processAuthorizationCodeResponse,
  refreshTokenGrantRequest,
  ResponseBodyError,
  revocationRequest,
  validateAuthResponse,
  type AuthorizationServer,
  type DPoPHandle,
  type TokenEndpointResponse,
} from 'oauth4webapi';
import { errorOf, judgeTokenAnswer } from '../../core/session/token-response.ts';
import type { TokenResponse, Session } from '../../core/session/session-types.ts';
import type { OidcConfig } from '../../protocol/config.ts';
import { isObject, parseJson, stringAt } from '../../protocol/schema/json.ts';
import type { Problem } from '../../protocol/problem.ts';
import { DEFAULT_ACCESS_SECONDS } from '../../protocol/timing/lifetimes.ts';
import { boundedFetch, endpointName } from '../runtime/http.ts';
import { createDiscovery, providerFetch } from './discovery.ts';
import type { DpopKeys } from './dpop-keys.ts';
import type { PendingSignIn, PendingSignIns } from './pending-sign-ins.ts';
import { sendRefresh, serverClockSkew, supportsDpop } from './provider-quirks.ts';
import {
  failedWith,
  REVOKE_DEADLINE_MS,
  revocationResultOf,
  SIGN_IN_DEADLINE_MS,
  tokenDeadline,
  type SignInMethod,
  type SignInOutcome,
} from './sign-in-method.ts';

export type OidcMethodOptions = {
  config: OidcConfig;
  origin: string;
  keys: DpopKeys;
  pendingSignIns: PendingSignIns;
  /** Whether the last person here has signed out. Then the provider must ask for credentials again. */
  hasLeft(): boolean;
  now(): number;
};

/** `returnTo`: see `PendingSignIns`. */
export type OidcMethod = SignInMethod & Pick<PendingSignIns, 'returnTo'>;

/**
 * Authorization code with PKCE, state, nonce and, where the provider offers it, DPoP. All of it runs in the worker.
 * What providers do differently is in provider-quirks.ts.
 */
export const createOidcMethod = (options: OidcMethodOptions): OidcMethod => {
  const { config, origin, keys, pendingSignIns, hasLeft, now } = options;
  const client = { client_id: config.clientId };
  const redirectUri = new URL(config.callback, origin).href;
  const discovery = createDiscovery(config);
  const at = endpointName(config.issuer, origin);
  const proof = async (key: string | undefined): Promise<{ DPoP?: DPoPHandle }> =>
    key === undefined ? {} : { DPoP: await keys.handle(key) };

  const begin = async (as: AuthorizationServer, returnTo: string): Promise<string> => {
    const pending: PendingSignIn = {
      state: generateRandomState(),
      nonce: generateRandomNonce(),
      verifier: generateRandomCodeVerifier(),
      key: supportsDpop(as) ? await keys.create() : undefined,
      returnTo,
      at: now(),
    };
    await pendingSignIns.save(pending);
    const jkt = pending.key === undefined ? undefined : await (await keys.handle(pending.key)).calculateThumbprint();
    return withParams(as.authorization_endpoint ?? config.issuer, {
      client_id: config.clientId,
      redirect_uri: redirectUri,
      response_type: 'code',
      scope: config.scope,
      code_challenge: await calculatePKCECodeChallenge(pending.verifier),
      code_challenge_method: 'S256',
      state: pending.state,
      nonce: pending.nonce,
      // Without consent there is no refresh token for `offline_access` (OpenID Connect Core §3.1.2.1, §11).
      prompt: [hasLeft() && 'login', config.scope.includes('offline_access') && 'consent'].filter(Boolean).join(' '),
      resource: config.resource,
      dpop_jkt: jkt,
    });
  };

  /** OpenID Connect RP-Initiated Logout 1.0 §2. Made at sign-in, because the provider may be down at sign-out. */
  const endSession = ({ end_session_endpoint: endpoint }: AuthorizationServer, hint: string | undefined) =>
    config.logout === 'provider' && endpoint && hint
      ? withParams(endpoint, {
          id_token_hint: hint,
          client_id: config.clientId,
          post_logout_redirect_uri: new URL('/', origin).href,
        })
      : undefined;

  const redeem = async (
    as: AuthorizationServer,
    pending: PendingSignIn,
    params: URLSearchParams,
    retry: boolean,
  ): Promise<TokenEndpointResponse> => {
    const dpop = await proof(pending.key);
    const wire = providerFetch(config.issuer, AbortSignal.timeout(SIGN_IN_DEADLINE_MS));
    const response = await authorizationCodeGrantRequest(as, client, None(), params, redirectUri, pending.verifier, {
      ...wire,
      ...dpop,
      ...resourceOf(config),
    });
    // Without it, an ID token counts as expired where the clock of the provider or of the device is wrong.
    const skew = (await serverClockSkew(response, now)) || 0;
    try {
      return await processAuthorizationCodeResponse(as, { ...client, [clockSkew]: skew }, response, {
        expectedNonce: pending.nonce,
        requireIdToken: true,
      });
    } catch (error) {
      if (retry && error instanceof ResponseBodyError && (await keys.mayRetry(error.error, response)))
        return redeem(as, pending, params, false);
      throw error;
    }
  };

  const complete = async (href: string): Promise<SignInOutcome> => {
    const url = new URL(href);
    const as = await discovery.metadata();
    const pending = await pendingSignIns.take(url.searchParams.get('state'));
    if (!pending) return failedWith({ code: 'sign-in-refused', error: 'unknown state' });
    const params = validateAuthResponse(as, client, url, pending.state);
    const tokens = await redeem(as, pending, params, true);
    const grant = { ...grantOf(tokens, pending.key, now()), endSession: endSession(as, tokens.id_token) };
    return { type: 'granted', grant };
  };

  return {
    async signIn(order) {
      try {
        if (order.kind === 'oidc-callback') return await complete(order.url);
        if (order.kind !== 'oidc') return failedWith({ code: 'unsupported', detail: order.kind });
        return { type: 'redirect', url: await begin(await discovery.metadata(), order.returnTo ?? '/') };
      } catch (error) {
        if (!(error instanceof ResponseBodyError)) discovery.suspect();
        return failedWith(signInProblem(error, at));
      }
    },

    async refresh({ tokens }) {
      const { refresh, key, subject } = tokens;
      if (refresh === undefined)
        return {
          type: 'failed',
          problem: { code: 'misconfigured', at, detail: 'no refresh token' },
          unanswered: false,
        };
      let as: AuthorizationServer;
      let dpop: { DPoP?: DPoPHandle };
      try {
        [as, dpop] = [await discovery.metadata(), await proof(key)];
      } catch (error) {
        return { type: 'failed', problem: signInProblem(error, at), unanswered: false };
      }
      const request = (signal: AbortSignal): Promise<Response> =>
        refreshTokenGrantRequest(as, client, None(), refresh, {
          ...providerFetch(config.issuer, signal),
          ...dpop,
          ...resourceOf(config),
        });
      const bounds = { origin, deadlineMs: tokenDeadline(config.reuseGraceMs), now };
      const send = () => boundedFetch(request, as.token_endpoint ?? config.issuer, bounds);
      const offline = !navigator.onLine;
      const answer = await sendRefresh(send, dpop.DPoP !== undefined, keys.mayRetry);
      // A provider that moves its endpoints answers at the old ones no more, or without OAuth JSON.
      if (!answer.ok || (answer.value.status !== 200 && errorOf(answer.value) === undefined)) discovery.suspect();
      if (!answer.ok) return { type: 'failed', problem: answer.problem, unanswered: !offline };
      return judgeTokenAnswer(
        answer.value,
        dpop.DPoP ? 'DPoP' : 'Bearer',
        (idToken) => subject === undefined || subjectOf(idToken) === subject,
      );
    },

    async revoke({ tokens: { refresh } }: Session) {
      if (refresh === undefined) return true;
      const as = await discovery.metadata().catch(() => undefined);
      if (!as) return 0;
      // A provider without RFC 7009 takes no revocation.
      if (as.revocation_endpoint === undefined) return true;
      const answer = await boundedFetch(
        (signal) => revocationRequest(as, client, None(), refresh, providerFetch(config.issuer, signal)),
        config.issuer,
        { origin, deadlineMs: REVOKE_DEADLINE_MS, now },
      );
      const result = revocationResultOf(answer);
      if (result !== true) discovery.suspect();
      return result;
    },

    returnTo: pendingSignIns.returnTo,
  };
};

const withParams = (endpoint: string, params: { [name: string]: string | undefined }): string => {
  const url = new URL(endpoint);
  for (const [name, value] of Object.entries(params)) if (value) url.searchParams.set(name, value);
  return url.href;
};

const resourceOf = ({ resource }: OidcConfig) => (resource === undefined ? {} : { additionalParameters: { resource } });

/** TLS to the token endpoint proves the ID token as well as its signature would (OpenID Connect Core §3.1.3.7). */
const subjectOf = (idToken: unknown): string | undefined => {
  const [, claims = ''] = String(idToken).split('.');
  try {
    const parsed = parseJson(atob(claims.replaceAll('-', '+').replaceAll('_', '/')));
    return isObject(parsed) ? stringAt(parsed, 'sub') : undefined;
  } catch {
    return undefined;
  }
};

const grantOf = (tokens: TokenEndpointResponse, key: string | undefined, now: number): TokenResponse => {
  const claims = getValidatedIdTokenClaims(tokens);
  const name = claims?.['name'];
  const scheme = tokens.token_type === 'dpop' ? 'DPoP' : 'Bearer';
  return {
    access: {
      value: tokens.access_token,
      scheme,
      issuedAt: now,
      expiresAt: now + (tokens.expires_in ?? DEFAULT_ACCESS_SECONDS) * 1000,
    },
    refresh: tokens.refresh_token,
    key: scheme === 'DPoP' ? key : undefined,
    subject: claims?.sub,
    user: claims && { sub: claims.sub, name: typeof name === 'string' ? name : undefined },
  };
};

/** `error.message` is for a debugger. Pages get a code. */
const signInProblem = (error: unknown, at: string): Problem => {
  if (error instanceof AuthorizationResponseError) return { code: 'sign-in-refused', error: error.error };
  if (error instanceof DOMException && error.name === 'TimeoutError') return { code: 'timeout', at };
  if (error instanceof DOMException) return { code: 'store-unavailable', detail: error.name };
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
  return code === undefined ? { code: 'network-unreachable', at } : { code: 'sign-in-refused', error: code };
};
