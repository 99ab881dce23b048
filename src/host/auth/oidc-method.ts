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
import type { OidcConfig } from '../../protocol/sign-in-config.ts';
import type { ApiRule } from '../../protocol/start-config.ts';
import { parseJson, stringAt } from '../../protocol/schema/json.ts';
import { string } from '../../protocol/schema/schema.ts';
import { list, nullable } from '../../protocol/schema/schema-types.ts';
import { failed, type Problem, type Result } from '../../protocol/problem.ts';
import type { ConnectionCheck } from '../runtime/connections.ts';
import { boundedFetch, endpointName, unreachable } from '../runtime/http.ts';
import { authorizationUrl, indicatorsOf } from './authorization-request.ts';
import { createCodeExchange } from './code-exchange.ts';
import { createDiscovery, providerFetch } from './discovery.ts';
import type { DpopKeys } from './dpop-keys.ts';
import { claimsIn } from './id-token.ts';
import { logOutUrl } from './log-out-url.ts';
import type { PendingSignIn, PendingSignIns } from './pending-sign-ins.ts';
import { sendRefresh, supportsDpop } from './provider-quirks.ts';
import { callbackProblem, discoveryProblem, type SetUp } from './set-up-problem.ts';
import { revocationResultOf } from './methods/revocation-result.ts';
import { signInFailure } from './methods/sign-in-failure.ts';
import {
  failedWith,
  REVOKE_DEADLINE_MS,
  tokenDeadline,
  type SignInMethod,
  type SignInOutcome,
} from './methods/sign-in-method.ts';

export type OidcMethodOptions = {
  config: OidcConfig;
  /** The rules of the configuration. Their APIs may have tokens of their own. */
  apis?: readonly ApiRule[] | undefined;
  origin: string;
  /** Path of the app. */
  scope: string;
  keys: DpopKeys;
  pendingSignIns: PendingSignIns;
  /** Whether the last person here has signed out. Then the provider must ask for credentials again. */
  hasLeft(): boolean;
  now(): number;
  connections: ConnectionCheck;
};

/** Where the browser goes on after a callback. `begins`: to the provider, because the sign-in took too long. */
export type Landing = { url: string; begins: boolean };

export type OidcMethod = SignInMethod & { land(state: string | null): Promise<Landing> };

/**
 * Authorization code with PKCE, state, nonce and, where the provider offers it, DPoP. All of it runs in the worker.
 * What providers do differently is in provider-quirks.ts.
 */
export const createOidcMethod = (options: OidcMethodOptions): OidcMethod => {
  const { config, apis = [], origin, scope, keys, pendingSignIns, hasLeft, now, connections } = options;
  const client = { client_id: config.clientId };
  const redirectUri = config.redirectUri ?? new URL(config.callback, origin).href;
  const discovery = createDiscovery(config, origin, now);
  const setUp: SetUp = { origin, redirectUri, clientId: config.clientId, scope: config.scope ?? 'openid profile' };
  const exchange = createCodeExchange({ config, origin, redirectUri, keys, setUp, now });
  const at = endpointName(config.issuer, origin);
  const proof = async (key: string | undefined): Promise<{ DPoP?: DPoPHandle }> =>
    key === undefined ? {} : { DPoP: await keys.handle(key) };

  type Params = { readonly [name: string]: string };

  const begin = async (as: AuthorizationServer, returnTo: string, given: Params): Promise<string> => {
    const pending: PendingSignIn = {
      state: generateRandomState(),
      nonce: generateRandomNonce(),
      verifier: generateRandomCodeVerifier(),
      key: wantsDpop(as, config) ? await keys.create() : undefined,
      returnTo,
      locales: given['ui_locales'] ?? config.authorize?.['ui_locales'],
      at: now(),
    };
    await pendingSignIns.save(pending);
    const jkt = pending.key === undefined ? undefined : await (await keys.handle(pending.key)).calculateThumbprint();
    return authorizationUrl({
      ...{ config, as, given, apis, hasLeft: hasLeft() },
      protocol: {
        client_id: config.clientId,
        redirect_uri: redirectUri,
        response_type: 'code',
        code_challenge: await calculatePKCECodeChallenge(pending.verifier),
        code_challenge_method: 'S256',
        state: pending.state,
        nonce: pending.nonce,
        dpop_jkt: jkt,
      },
    });
  };

  /** The metadata for a sign-in, where the developer must learn what is wrong. */
  const discover = async (): Promise<Result<AuthorizationServer>> => {
    const as = await discovery.metadata();
    return as.ok ? as : failed(signInFailure(await discoveryProblem(as.problem, discovery.address, setUp)));
  };

  const complete = async (href: string): Promise<SignInOutcome> => {
    const url = new URL(href);
    const as = await discover();
    if (!as.ok) return failedWith(as.problem);
    const pending = await pendingSignIns.take(url.searchParams.get('state'));
    if (!pending) return failedWith({ code: 'sign-in-refused', error: 'unknown state' });
    const params = validateAuthResponse(as.value, client, url, pending.state);
    const exchanged = await exchange(as.value, pending, params);
    if (!exchanged.ok) {
      if (exchanged.problem.code !== 'sign-in-refused') discovery.suspect();
      return failedWith(exchanged.problem);
    }
    const { grant, idToken } = exchanged.value;
    const { locales } = pending;
    const logOut = logOutUrl({ config, as: as.value, idToken, locales, home: new URL(scope, origin).href });
    const endings = logOut && { [logOut.always ? 'endSession' : 'endSessionIfRefused']: logOut.url };
    const indicators = indicatorsOf(apis);
    return { type: 'granted', grant: { ...grant, ...endings, ...(indicators.length > 0 && { indicators }) } };
  };

  const redirect = async (returnTo: string, given: Params = {}): Promise<SignInOutcome> => {
    const as = await discover();
    if (!as.ok) return failedWith(as.problem);
    if (config.dpop === 'required' && !supportsDpop(as.value))
      return failedWith({ code: 'misconfigured', at, detail: 'The provider offers no DPoP. Set "dpop" to "auto".' });
    return { type: 'redirect', url: await begin(as.value, returnTo, given) };
  };

  /**
   * The session begins without an access token. So the machine saves the refresh token first, and then refreshes. A person
   * who has signed out must not come back by what another library left behind.
   */
  const imported = (refresh: string): SignInOutcome => {
    if (config.allowImport !== true) return failedWith({ code: 'unsupported', detail: 'import' });
    return hasLeft() ? failedWith({ code: 'signed-out' }) : { type: 'granted', grant: { refresh } };
  };

  return {
    async signIn(order) {
      try {
        if (order.kind === 'oidc-callback') return await complete(order.url);
        if (order.kind === 'import') return imported(order.refreshToken);
        if (order.kind !== 'oidc') return failedWith({ code: 'unsupported', detail: order.kind });
        return await redirect(order.returnTo ?? scope, order.authorize);
      } catch (error) {
        discovery.suspect();
        return failedWith(signInProblem(error, at, setUp));
      }
    },

    async refresh({ tokens }, resource) {
      const { refresh, key, subject, indicators = [] } = tokens;
      if (refresh === undefined)
        return {
          type: 'failed',
          problem: { code: 'misconfigured', at, detail: 'no refresh token' },
          unanswered: false,
        };
      const target = resource === undefined ? ownResource(config) : targetOf(resource);
      // oidc-provider refuses a resource that the sign-in did not name after it has consumed the refresh token
      // (lib/actions/grants/refresh_token.js). So the rule of a newer configuration waits for the next sign-in.
      if (resource !== undefined && target['resource'] !== undefined && !indicators.includes(target['resource']))
        return { type: 'failed', problem: { code: 'sign-in-required', at, ...UNKNOWN_TARGET }, unanswered: false };
      const as = await discovery.metadata();
      if (!as.ok) return { type: 'failed', problem: as.problem, unanswered: false };
      let dpop: { DPoP?: DPoPHandle };
      try {
        dpop = await proof(key);
      } catch (error) {
        return { type: 'failed', problem: signInProblem(error, at, setUp), unanswered: false };
      }
      const request = (signal: AbortSignal): Promise<Response> =>
        refreshTokenGrantRequest(as.value, client, None(), refresh, {
          ...providerFetch([config.issuer, origin], signal),
          ...dpop,
          additionalParameters: target,
        });
      const bounds = { origin, deadlineMs: tokenDeadline(config.reuseGraceMs), now };
      const send = () => boundedFetch(request, as.value.token_endpoint ?? config.issuer, bounds);
      await connections.checked(harmlessAddress(as.value.token_endpoint, discovery.address));
      const offline = !navigator.onLine;
      const answer = await sendRefresh(send, dpop.DPoP !== undefined, keys.mayRetry);
      if (!answer.ok) {
        discovery.suspect();
        return { type: 'failed', problem: answer.problem, unanswered: !offline };
      }
      const isSamePerson = (idToken: unknown): boolean =>
        subject === undefined || stringAt(claimsIn(idToken), 'sub') === subject;
      const { endsOn } = config;
      const verdict = judgeTokenAnswer(answer.value, dpop.DPoP ? 'DPoP' : 'Bearer', { isSamePerson, endsOn });
      if (verdict.type === 'failed' && mayHaveMoved(verdict.problem)) discovery.suspect();
      return verdict;
    },

    async revoke({ tokens: { refresh } }: Session) {
      if (refresh === undefined) return true;
      const as = await discovery.metadata();
      if (!as.ok) return 0;
      // A provider without RFC 7009 takes no revocation, and its refresh token works on.
      if (as.value.revocation_endpoint === undefined) return { code: 'revocation-refused', at };
      const answer = await boundedFetch(
        (signal) =>
          revocationRequest(as.value, client, None(), refresh, providerFetch([config.issuer, origin], signal)),
        as.value.revocation_endpoint,
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

const wantsDpop = (as: AuthorizationServer, { dpop }: OidcConfig): boolean => dpop !== 'off' && supportsDpop(as);

/** An address at the server of the token endpoint that answers without an effect: its metadata, where they are there. */
const harmlessAddress = (tokenEndpoint: string | undefined, metadata: string): string =>
  tokenEndpoint === undefined || new URL(tokenEndpoint).origin === new URL(metadata).origin ? metadata : tokenEndpoint;

/** What the provider would answer (RFC 8707 §2.2). */
const UNKNOWN_TARGET = { status: 400, error: 'invalid_target' } as const;

type Parameters = { [name: string]: string };

const ownResource = ({ resource }: OidcConfig): Parameters => (resource === undefined ? {} : { resource });

/** The parameters of a token request, by the name of a resource: RFC 8707 §2.2, `audience` of Auth0, RFC 6749 §6. */
const targetOf = (name: string): Parameters => {
  const values = list(nullable(string)).read(parseJson(name)) ?? [];
  return Object.fromEntries(
    ['resource', 'audience', 'scope'].flatMap((parameter, place): [string, string][] => {
      const value = values[place];
      return typeof value === 'string' ? [[parameter, value]] : [];
    }),
  );
};

/** `error.message` is for a debugger. Pages get a code. */
const signInProblem = (error: unknown, at: string, setUp: SetUp): Problem => {
  if (error instanceof AuthorizationResponseError) return callbackProblem(at, error.cause, setUp);
  if (error instanceof DOMException && error.name === 'TimeoutError') return { code: 'timeout', at };
  if (error instanceof DOMException) return { code: 'store-unavailable', detail: error.name };
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
  return code === undefined ? unreachable(at) : { code: 'sign-in-refused', error: code };
};
