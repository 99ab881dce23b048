import {
  AuthorizationResponseError,
  calculatePKCECodeChallenge,
  generateRandomCodeVerifier,
  generateRandomNonce,
  generateRandomState,
  None,
  refreshTokenGrantRequest,
  revocationRequest,
  validateAuthResponse,
  type AuthorizationServer,
  type DPoPHandle,
} from 'oauth4webapi';
import { judgeTokenAnswer } from '../../core/token-endpoint/token-response.ts';
import type { Session } from '../../core/session/session-types.ts';
import type { OidcConfig } from '../../protocol/config.ts';
import { isObject, parseJson, stringAt } from '../../protocol/schema/json.ts';
import type { Problem } from '../../protocol/problem.ts';
import { boundedFetch, endpointName, unreachable } from '../runtime/http.ts';
import { createCodeExchange } from './code-exchange.ts';
import { createDiscovery, providerFetch } from './discovery.ts';
import type { DpopKeys } from './dpop-keys.ts';
import type { PendingSignIn, PendingSignIns } from './pending-sign-ins.ts';
import { sendRefresh, supportsDpop } from './provider-quirks.ts';
import { signInFailure } from './sign-in-failure.ts';
import {
  failedWith,
  REVOKE_DEADLINE_MS,
  revocationResultOf,
  tokenDeadline,
  type SignInMethod,
  type SignInOutcome,
} from './sign-in-method.ts';

export type OidcMethodOptions = {
  config: OidcConfig;
  origin: string;
  /** Path of the app. */
  scope: string;
  keys: DpopKeys;
  pendingSignIns: PendingSignIns;
  /** Whether the last person here has signed out. Then the provider must ask for credentials again. */
  hasLeft(): boolean;
  now(): number;
};

/** Where the browser goes on after a callback. `begins`: to the provider, because the sign-in took too long. */
export type Landing = { url: string; begins: boolean };

export type OidcMethod = SignInMethod & { land(state: string | null): Promise<Landing> };

/**
 * Authorization code with PKCE, state, nonce and, where the provider offers it, DPoP. All of it runs in the worker.
 * What providers do differently is in provider-quirks.ts.
 */
export const createOidcMethod = (options: OidcMethodOptions): OidcMethod => {
  const { config, origin, scope, keys, pendingSignIns, hasLeft, now } = options;
  const client = { client_id: config.clientId };
  const redirectUri = new URL(config.callback, origin).href;
  const discovery = createDiscovery(config, origin, now);
  const exchange = createCodeExchange({ config, origin, redirectUri, keys, now });
  const at = endpointName(config.issuer, origin);
  const proof = async (key: string | undefined): Promise<{ DPoP?: DPoPHandle }> =>
    key === undefined ? {} : { DPoP: await keys.handle(key) };

  const begin = async (as: AuthorizationServer, returnTo: string): Promise<string> => {
    const pending: PendingSignIn = {
      state: generateRandomState(),
      nonce: generateRandomNonce(),
      verifier: generateRandomCodeVerifier(),
      key: wantsDpop(as, config) ? await keys.create() : undefined,
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
      prompt: config.prompt ?? promptFor(config.scope, hasLeft()),
      // Another value of `prompt` would do the same, and Microsoft Entra ID refuses two of them (AADSTS90023). Each
      // provider has to support this one (OpenID Connect Core §15.1).
      max_age: hasLeft() ? '0' : undefined,
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
          post_logout_redirect_uri: new URL(scope, origin).href,
        })
      : undefined;

  const complete = async (href: string): Promise<SignInOutcome> => {
    const url = new URL(href);
    const as = await discovery.metadata();
    if (!as.ok) return failedWith(signInFailure(as.problem));
    const pending = await pendingSignIns.take(url.searchParams.get('state'));
    if (!pending) return failedWith({ code: 'sign-in-refused', error: 'unknown state' });
    const params = validateAuthResponse(as.value, client, url, pending.state);
    const exchanged = await exchange(as.value, pending, params);
    if (!exchanged.ok) {
      if (exchanged.problem.code !== 'sign-in-refused') discovery.suspect();
      return failedWith(exchanged.problem);
    }
    const { grant, idToken } = exchanged.value;
    return { type: 'granted', grant: { ...grant, endSession: endSession(as.value, idToken) } };
  };

  const redirect = async (returnTo: string): Promise<SignInOutcome> => {
    const as = await discovery.metadata();
    if (!as.ok) return failedWith(signInFailure(as.problem));
    if (config.dpop === 'required' && !supportsDpop(as.value))
      return failedWith({ code: 'misconfigured', at, detail: 'dpop' });
    return { type: 'redirect', url: await begin(as.value, returnTo) };
  };

  return {
    async signIn(order) {
      try {
        if (order.kind === 'oidc-callback') return await complete(order.url);
        if (order.kind !== 'oidc') return failedWith({ code: 'unsupported', detail: order.kind });
        return await redirect(order.returnTo ?? scope);
      } catch (error) {
        discovery.suspect();
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
      const as = await discovery.metadata();
      if (!as.ok) return { type: 'failed', problem: as.problem, unanswered: false };
      let dpop: { DPoP?: DPoPHandle };
      try {
        dpop = await proof(key);
      } catch (error) {
        return { type: 'failed', problem: signInProblem(error, at), unanswered: false };
      }
      const request = (signal: AbortSignal): Promise<Response> =>
        refreshTokenGrantRequest(as.value, client, None(), refresh, {
          ...providerFetch(config.issuer, signal),
          ...dpop,
          ...resourceOf(config),
        });
      const bounds = { origin, deadlineMs: tokenDeadline(config.reuseGraceMs), now };
      const send = () => boundedFetch(request, as.value.token_endpoint ?? config.issuer, bounds);
      const offline = !navigator.onLine;
      const answer = await sendRefresh(send, dpop.DPoP !== undefined, keys.mayRetry);
      if (!answer.ok) {
        discovery.suspect();
        return { type: 'failed', problem: answer.problem, unanswered: !offline };
      }
      const isSamePerson = (idToken: unknown): boolean => subject === undefined || subjectOf(idToken) === subject;
      const verdict = judgeTokenAnswer(answer.value, dpop.DPoP ? 'DPoP' : 'Bearer', isSamePerson);
      if (verdict.type === 'failed' && mayHaveMoved(verdict.problem)) discovery.suspect();
      return verdict;
    },

    async revoke({ tokens: { refresh } }: Session) {
      if (refresh === undefined) return true;
      const as = await discovery.metadata();
      if (!as.ok) return 0;
      // A provider without RFC 7009 takes no revocation.
      if (as.value.revocation_endpoint === undefined) return true;
      const answer = await boundedFetch(
        (signal) => revocationRequest(as.value, client, None(), refresh, providerFetch(config.issuer, signal)),
        config.issuer,
        { origin, deadlineMs: REVOKE_DEADLINE_MS, now },
      );
      const result = revocationResultOf(answer);
      if (result !== true) discovery.suspect();
      return result;
    },

    async land(state) {
      const pending = await pendingSignIns.look(state);
      const url = pending?.returnTo ?? scope;
      if (!pending?.isOver) return { url, begins: false };
      await pendingSignIns.take(state);
      const next = await redirect(url);
      return next.type === 'redirect' ? { url: next.url, begins: true } : { url, begins: false };
    },
  };
};

/** No answer of a token endpoint. Providers move theirs, and only the metadata says where to. */
const mayHaveMoved = ({ code }: Problem): boolean => MOVED.includes(code);
const MOVED: readonly Problem['code'][] = ['server-unavailable', 'unexpected-answer', 'network-unreachable', 'timeout'];

/**
 * Without consent there is no refresh token for `offline_access` (OpenID Connect Core §3.1.2.1, §11). `max_age` then makes
 * the provider ask for credentials.
 */
const promptFor = (scope: string, hasLeft: boolean): string | undefined => {
  if (scope.split(' ').includes('offline_access')) return 'consent';
  return hasLeft ? 'login' : undefined;
};

const wantsDpop = (as: AuthorizationServer, { dpop }: OidcConfig): boolean => dpop !== 'off' && supportsDpop(as);

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

/** `error.message` is for a debugger. Pages get a code. */
const signInProblem = (error: unknown, at: string): Problem => {
  if (error instanceof AuthorizationResponseError) return { code: 'sign-in-refused', error: error.error };
  if (error instanceof DOMException && error.name === 'TimeoutError') return { code: 'timeout', at };
  if (error instanceof DOMException) return { code: 'store-unavailable', detail: error.name };
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
  return code === undefined ? unreachable(at) : { code: 'sign-in-refused', error: code };
};
