import type { SessionEvent, Verdict } from '../../core/session/session-types.ts';
import { challengeOf, type Challenge } from '../../core/unauthorized-challenge.ts';
import type { Problem } from '../../protocol/problem.ts';
import type { ProofFetch } from '../auth/proof-fetch.ts';
import type { ConnectionCheck } from '../runtime/connections.ts';
import { endpointName } from '../runtime/http.ts';
import { changedRequest } from '../runtime/changed-request.ts';
import { eitherSignal } from '../runtime/either-signal.ts';
import type { HiddenAnswers } from './hidden-answers.ts';
import type { RequestMatch, RequestMatcher } from './request-matcher.ts';
import type { UserScope } from './user-scope.ts';
import { sendDirectly } from '../runtime/send-directly.ts';

type Authorized = Extract<Verdict, { type: 'authorized' }>;

/** One request with a token, and how to send it. */
type Attempt = {
  url: URL;
  /** Returns a request to send. Each call gives a new copy where a body would be used up. */
  copy(): Request;
  verdict: Authorized;
  redirect: RequestRedirect;
};

export type AuthorizedFetchOptions = {
  origin: string;
  /** The session's verdict on a request. Immediate when the token is at hand. */
  requestToken(event: Extract<SessionEvent, { type: 'request' | 'refused' }>): Verdict | Promise<Verdict>;
  /** The replay with a token that the provider has just issued got a 401 too. */
  refusedAgain(generation: number, resource: string | undefined): void;
  sendWithProof: ProofFetch;
  /** A request to another origin failed, perhaps because CORS hides a 401. */
  recover: HiddenAnswers['recover'];
  /** A redirect made authorization impossible. */
  redirected?: (() => void) | undefined;
  scope(): UserScope;
  matcher: RequestMatcher;
  /** Adds the CSRF header of a site with cookie sessions. Absent where there is none. */
  withCsrf?: ((request: Request) => Promise<Response>) | undefined;
  connections: ConnectionCheck;
  now(): number;
};

/**
 * `match`: what the matcher says of this request, if the caller has looked it up. `onSend` gets the generation of the token
 * of each attempt.
 */
export type AuthorizedFetch = (
  request: Request,
  match?: RequestMatch,
  onSend?: (generation: number) => void,
) => Promise<Response>;

/** The network error that a caller gets offline. No app takes it for a verdict on its session. */
const networkError = (): Response => Response.error();

/** A redirect would take the token to its target: browsers keep `DPoP` and a 307 body even across origins. */
const redirectRefused = (at: string): Response => {
  const problem: Problem = { code: 'redirect-refused', at };
  return new Response(JSON.stringify(problem), {
    status: 502,
    headers: { 'content-type': 'application/problem+json', 'cross-origin-resource-policy': 'same-origin' },
  });
};

/** Bounds the memory of a scope. A URL beyond it is only fetched past the cache once more. */
const MAX_FETCHED = 1_000;

/**
 * Binds a request to the scope. The HTTP cache may hold an answer to another user. So the request goes to the server
 * until the server has answered it in this scope (https://fetch.spec.whatwg.org/#concept-request-cache-mode).
 */
const bindTo = ({ ended, fetched }: UserScope, request: Request, mode: RequestMode): Request => {
  const fresh = fetched.has(request.url) || request.cache === 'no-store' || request.cache === 'reload';
  return changedRequest(request, {
    mode,
    cache: fresh ? request.cache : 'no-cache',
    signal: eitherSignal(request.signal, ended),
  });
};

/** Drops headers that a page set. oauth4webapi throws on a request that has an `Authorization` (measured). */
const withoutCredentials = (request: Request): Headers => {
  const headers = new Headers(request.headers);
  headers.delete('authorization');
  headers.delete('dpop');
  return headers;
};

let requests = 0;
const nextId = (): string => `r${++requests}`;

export const createAuthorizedFetch = (options: AuthorizedFetchOptions): AuthorizedFetch => {
  const { origin, requestToken, refusedAgain, redirected, sendWithProof, recover, scope, matcher, now } = options;
  const { withCsrf = sendDirectly, connections } = options;

  /**
   * A copy of a no-cors request loses `Authorization` and `Range` without an error (measured). `same-origin` keeps them,
   * also over redirects. Without a token, only `Range` is a reason to change the mode.
   */
  const modeFor = ({ mode, headers }: Request, url: URL, type: Verdict['type']): RequestMode =>
    url.origin === origin && (type === 'authorized' || (mode === 'no-cors' && headers.has('range')))
      ? 'same-origin'
      : mode;

  const sendBearer = ({ copy, verdict, redirect }: Attempt): Promise<Response> => {
    const request = copy();
    const headers = withoutCredentials(request);
    headers.set('authorization', `Bearer ${verdict.token.value}`);
    return sendDirectly(changedRequest(request, { headers, redirect }));
  };

  const sendOnce = (attempt: Attempt): Promise<Response> => {
    const { token, key } = attempt.verdict;
    if (token.scheme !== 'DPoP' || key === undefined) return sendBearer(attempt);
    const { url, copy, redirect } = attempt;
    const request = copy();
    return sendWithProof({
      headers: withoutCredentials(request),
      request,
      url,
      token: token.value,
      key,
      redirect,
      again: copy,
    });
  };

  /** A proof is valid for one URL (RFC 9449 §4.2), so the target of a redirect needs another one. */
  const follow = async (attempt: Attempt): Promise<Response> => {
    const response = await sendOnce({ ...attempt, redirect: 'follow' });
    if (response.status !== 401 || !response.redirected) return response;
    const url = new URL(response.url);
    return matcher.covers(url) ? sendOnce({ ...attempt, url, copy: () => new Request(url, attempt.copy()) }) : response;
  };

  const finish = (request: Request, response: Response): Response => {
    if (response.type !== 'opaqueredirect' || request.redirect === 'manual') return response;
    redirected?.();
    return request.redirect === 'error' ? networkError() : redirectRefused(endpointName(request.url, origin));
  };

  /** The backend's check judges only the tokens at its own origin. CORS hides the header of others. */
  const reasonOf = ({ headers }: Response, url: URL): Challenge => {
    const challenge = challengeOf(headers.get('www-authenticate'));
    return challenge === 'unclear' && matcher.proofFor(url) === 'none' ? 'token' : challenge;
  };

  const refusedBy = (
    { url, resource }: RequestMatch,
    generation: number,
    challenge: Challenge,
  ): Verdict | Promise<Verdict> => {
    const isProof = matcher.proofFor(url) === 'itself';
    return requestToken({ type: 'refused', id: nextId(), generation, isProof, resource, challenge });
  };

  const authorized = async (
    request: Request,
    match: RequestMatch,
    verdict: Authorized,
    onSend: ((generation: number) => void) | undefined,
  ): Promise<Response> => {
    // A clone costs 1–4 ms up to 1 MB. Only a request that may have a body needs it, for a second attempt. WebKitGTK 2.50
    // sends no request with `keepalive`, such as a beacon, after a look at its `body` (measured).
    const copy = request.method === 'GET' || request.method === 'HEAD' ? () => request : () => request.clone();
    const send = (current: Authorized): Promise<Response> => {
      const attempt: Attempt = { url: match.url, copy, verdict: current, redirect: 'manual' };
      onSend?.(current.generation);
      // `follow` rejects on a redirect to another origin, and without a network. A manual attempt shows which it was.
      return match.followsRedirects ? follow(attempt).catch(() => sendOnce(attempt)) : sendOnce(attempt);
    };
    const { url, resource } = match;
    const refused = (challenge: Challenge): Verdict | Promise<Verdict> =>
      refusedBy(match, verdict.generation, challenge);
    const first = await send(verdict).catch((error: unknown) => {
      if (url.origin === origin) throw error;
      return recover({
        ...{ request, error, send },
        refused: () => refused('token'),
        refusedAgain: (again) => refusedAgain(again.generation, resource),
      });
    });
    if (first.status !== 401) return finish(request, first);
    const refusedAt = now();
    const second = await refused(reasonOf(first, url));
    switch (second.type) {
      case 'authorized': {
        const again = await send(second);
        if (again.status === 401 && second.token.issuedAt >= refusedAt && reasonOf(again, url) !== 'other')
          refusedAgain(second.generation, resource);
        return finish(request, again);
      }
      case 'fail':
        return networkError();
      case 'anonymous':
      case 'passThrough':
        return first;
    }
  };

  return async (request, match = matcher.match(request), onSend) => {
    const current = scope();
    // Other servers are not checked: none of their addresses is known to have no effect.
    const checked = match.url.origin === origin ? connections.checked(match.url) : undefined;
    if (checked) await checked;
    const given = requestToken({ type: 'request', id: nextId(), resource: match.resource });
    const verdict = given instanceof Promise ? await given : given;
    // The user left while the request waited: it must not go out for the next one. A request for the cache only must
    // neither get another user's answer nor go to the network.
    const onlyCached = request.cache === 'only-if-cached' && !current.fetched.has(request.url);
    if (verdict.type === 'fail' || current.ended.aborted || onlyCached) return networkError();
    const bound = bindTo(current, request, modeFor(request, match.url, verdict.type));
    const response = await (verdict.type === 'authorized'
      ? authorized(bound, match, verdict, onSend)
      : withCsrf(bound));
    // The browser sends the cookie of a session by itself. Only its backend can say whether the 401 is about the session.
    if (verdict.type === 'anonymous' && verdict.generation !== undefined && response.status === 401)
      void refusedBy(match, verdict.generation, reasonOf(response, match.url));
    if (current.fetched.size >= MAX_FETCHED) current.fetched.clear();
    current.fetched.add(request.url);
    return response;
  };
};
