import type { DPoPHandle } from 'oauth4webapi';
import {
  allowInsecureRequests,
  customFetch,
  protectedResourceRequest,
  WWWAuthenticateChallengeError,
} from 'oauth4webapi';
import type { SessionEvent, Verdict } from '../../core/session/session-types.ts';
import type { Problem } from '../../protocol/problem.ts';
import type { DpopKeys } from '../auth/dpop-keys.ts';
import type { UserScope } from './user-scope.ts';
import { endpointName } from '../auth/http.ts';
import type { Rules } from './request-policy.ts';

type Authorized = Extract<Verdict, { go: 'authorized' }>;

export type AuthorizedFetchOptions = {
  origin: string;
  /** The session's word on a request; immediate when the token is at hand. */
  requestToken(event: Extract<SessionEvent, { type: 'request' | 'refused' }>): Verdict | Promise<Verdict>;
  keys: Pick<DpopKeys, 'handle' | 'mend'>;
  /** Whose requests these are. */
  scope(): UserScope;
  rules: Rules;
};

export type AuthorizedFetch = (request: Request) => Promise<Response>;

/** What a caller would get offline: a network error, which no app mistakes for a verdict on its session. */
const unreachable = (): Response => Response.error();

/** A redirect would take the token along to wherever it points (browsers keep DPoP and 307 bodies even across origins). */
const redirectRefused = (at: string): Response => {
  const problem: Problem = { code: 'redirect-refused', at };
  return new Response(JSON.stringify(problem), {
    status: 502,
    headers: { 'content-type': 'application/problem+json', 'cross-origin-resource-policy': 'same-origin' },
  });
};

/** So many addresses are remembered; beyond that some are asked for once more. */
const MAX_ASKED = 1_000;

/**
 * The request, for as long as the epoch lasts. What the HTTP cache holds may have been put there for somebody else, so
 * until the server has answered in this epoch it is asked (https://fetch.spec.whatwg.org/#concept-request-cache-mode).
 */
const during = ({ ended, fetched }: UserScope, request: Request, mode: RequestMode): Request => {
  const fresh = fetched.has(request.url) || request.cache === 'no-store' || request.cache === 'reload';
  return new Request(request, {
    mode,
    cache: fresh ? request.cache : 'no-cache',
    signal: AbortSignal.any([request.signal, ended]),
  });
};

let requests = 0;
const nextId = (): string => `r${++requests}`;

export const createAuthorizedFetch = ({
  origin,
  requestToken,
  keys,
  scope,
  rules,
}: AuthorizedFetchOptions): AuthorizedFetch => {
  /**
   * What is same-origin may say so, and stays so when it is redirected. A copy of a no-cors request silently loses
   * `Authorization` and `Range` (measured); without a token, it is worth it only for the sake of the latter.
   */
  const modeFor = ({ url, mode, headers }: Request, go: Verdict['go']): RequestMode =>
    url.startsWith(`${origin}/`) && (go === 'authorized' || (mode === 'no-cors' && headers.has('range')))
      ? 'same-origin'
      : mode;

  /** A page can set them too; oauth4webapi throws on a request that has an `Authorization` already (measured). */
  const withoutCredentials = (request: Request): Headers => {
    const headers = new Headers(request.headers);
    headers.delete('authorization');
    headers.delete('dpop');
    return headers;
  };

  const sendBearer = (request: Request, token: string, redirect: RequestRedirect): Promise<Response> => {
    const headers = withoutCredentials(request);
    headers.set('authorization', `Bearer ${token}`);
    return fetch(new Request(request, { headers, redirect }));
  };

  const sendDpop = async (
    copy: () => Request,
    { token }: Authorized,
    DPoP: DPoPHandle,
    redirect: RequestRedirect,
    again = true,
  ): Promise<Response> => {
    const request = copy();
    const send = (_url: string, init: { headers: Record<string, string> }): Promise<Response> =>
      fetch(new Request(request, { headers: init.headers, redirect }));
    const options = { DPoP, [customFetch]: send, [allowInsecureRequests]: true };
    try {
      return await protectedResourceRequest(
        token.value,
        request.method,
        new URL(request.url),
        withoutCredentials(request),
        null,
        options,
      );
    } catch (error) {
      if (!(error instanceof WWWAuthenticateChallengeError)) throw error;
      const refused = error.cause.find(({ scheme }) => scheme === 'dpop')?.parameters.error;
      return again && (await keys.mend(refused, error.response))
        ? sendDpop(copy, { go: 'authorized', generation: 0, token }, DPoP, redirect, false)
        : error.response;
    }
  };

  const sendOnce = async (
    copy: () => Request,
    verdict: Authorized,
    redirect: RequestRedirect = 'manual',
  ): Promise<Response> =>
    verdict.token.scheme === 'DPoP' && verdict.key !== undefined
      ? sendDpop(copy, verdict, await keys.handle(verdict.key), redirect)
      : sendBearer(copy(), verdict.token.value, redirect);

  /** A proof is good for the address that it was made for (RFC 9449 §4.2): where a redirect ends, another is due. */
  const follow = async (copy: () => Request, verdict: Authorized): Promise<Response> => {
    const response = await sendOnce(copy, verdict, 'follow');
    return response.status === 401 && response.redirected && rules.covers(response.url)
      ? sendOnce(() => new Request(response.url, copy()), verdict)
      : response;
  };

  const send = (request: Request, copy: () => Request, verdict: Authorized): Promise<Response> =>
    rules.follows(request)
      ? // to another origin, or no network: the ordinary way tells which
        follow(copy, verdict).catch(() => sendOnce(copy, verdict))
      : sendOnce(copy, verdict);

  const finish = (request: Request, response: Response): Response => {
    if (response.type !== 'opaqueredirect' || request.redirect === 'manual') return response;
    return request.redirect === 'error' ? unreachable() : redirectRefused(endpointName(request.url, origin));
  };

  const authorized = async (request: Request, verdict: Authorized): Promise<Response> => {
    // A clone costs 1–4 ms up to 1 MB and is what a second try needs; without a body the request itself will do.
    const copy = request.body ? () => request.clone() : () => request;
    const first = await send(request, copy, verdict);
    if (first.status !== 401) return finish(request, first);
    const second = await requestToken({ type: 'refused', id: nextId(), generation: verdict.generation });
    switch (second.go) {
      case 'authorized':
        return finish(request, await send(request, copy, second));
      case 'stop':
        return unreachable();
      case 'bare':
      case 'pass':
        return first;
    }
  };

  return async (request) => {
    const here = scope();
    const given = requestToken({ type: 'request', id: nextId() });
    const verdict = given instanceof Promise ? await given : given;
    // Who asked has left while this request waited: nobody else is to carry it. And a request that is for the cache only
    // must neither be answered with what somebody else left there nor go out.
    const onlyCached = request.cache === 'only-if-cached' && !here.fetched.has(request.url);
    if (verdict.go === 'stop' || here.ended.aborted || onlyCached) return unreachable();
    const bound = during(here, request, modeFor(request, verdict.go));
    const response = await (verdict.go === 'authorized' ? authorized(bound, verdict) : fetch(bound));
    if (here.fetched.size >= MAX_ASKED) here.fetched.clear();
    here.fetched.add(request.url);
    return response;
  };
};
