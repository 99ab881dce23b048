import type { DPoPHandle } from 'oauth4webapi';
import {
  allowInsecureRequests,
  customFetch,
  protectedResourceRequest,
  WWWAuthenticateChallengeError,
} from 'oauth4webapi';
import type { SessionEvent, Verdict } from '../core/session-types.ts';
import type { Problem } from '../protocol/problem.ts';
import type { DpopKeys } from './dpop-keys.ts';
import type { Epoch } from './epoch.ts';
import { placeOf } from './http.ts';

type Authorized = Extract<Verdict, { go: 'authorized' }>;

export type GateOptions = {
  origin: string;
  /** The session's word on a request; immediate when the token is at hand. */
  ask(event: Extract<SessionEvent, { type: 'request' | 'refused' }>): Verdict | Promise<Verdict>;
  keys: Pick<DpopKeys, 'handle' | 'mend'>;
  /** Whose requests these are. */
  epoch(): Epoch;
};

export type Gate = (request: Request) => Promise<Response>;

/** What a caller would get offline: a network error, which no app mistakes for a verdict on its session. */
const unreachable = (): Response => Response.error();

/** A redirect would take the token along to wherever it points (browsers keep DPoP and 307 bodies even across origins). */
const redirectRefused = (at: string): Response => {
  const problem: Problem = { code: 'redirect-refused', at };
  return new Response(JSON.stringify(problem), {
    status: 502,
    headers: { 'content-type': 'application/problem+json' },
  });
};

/** So many addresses are remembered; beyond that some are asked for once more. */
const MAX_ASKED = 1_000;

/**
 * The request, for as long as the epoch lasts. What the HTTP cache holds may have been put there for somebody else, so
 * until the server has answered in this epoch it is asked (https://fetch.spec.whatwg.org/#concept-request-cache-mode).
 */
const during = ({ over, asked }: Epoch, request: Request): Request => {
  const fresh = asked.has(request.url) || request.cache === 'no-store' || request.cache === 'reload';
  return new Request(request, {
    cache: fresh ? request.cache : 'no-cache',
    signal: AbortSignal.any([request.signal, over]),
  });
};

let requests = 0;
const nextId = (): string => `r${++requests}`;

export const createGate = ({ origin, ask, keys, epoch }: GateOptions): Gate => {
  /** The page's own credentials never mix with the keeper's. */
  const outgoing = (request: Request, headers: Headers): Request => {
    const sameOrigin = request.url.startsWith(`${origin}/`);
    // A no-cors request silently drops the header; what is same-origin may say so (measured).
    return new Request(
      request,
      sameOrigin ? { headers, redirect: 'manual', mode: 'same-origin' } : { headers, redirect: 'manual' },
    );
  };

  const sendBearer = (request: Request, token: string): Promise<Response> => {
    const headers = new Headers(request.headers);
    headers.set('authorization', `Bearer ${token}`);
    headers.delete('dpop');
    return fetch(outgoing(request, headers));
  };

  const sendDpop = async (
    copy: () => Request,
    { token }: Authorized,
    DPoP: DPoPHandle,
    again = true,
  ): Promise<Response> => {
    const request = copy();
    const send = (_url: string, init: { headers: Record<string, string> }): Promise<Response> =>
      fetch(outgoing(request, new Headers(init.headers)));
    const options = { DPoP, [customFetch]: send, [allowInsecureRequests]: true };
    try {
      return await protectedResourceRequest(
        token.value,
        request.method,
        new URL(request.url),
        request.headers,
        null,
        options,
      );
    } catch (error) {
      if (!(error instanceof WWWAuthenticateChallengeError)) throw error;
      const refused = error.cause.find(({ scheme }) => scheme === 'dpop')?.parameters.error;
      return again && (await keys.mend(refused, error.response))
        ? sendDpop(copy, { go: 'authorized', generation: 0, token }, DPoP, false)
        : error.response;
    }
  };

  const send = async (copy: () => Request, verdict: Authorized): Promise<Response> =>
    verdict.token.scheme === 'DPoP' && verdict.key !== undefined
      ? sendDpop(copy, verdict, await keys.handle(verdict.key))
      : sendBearer(copy(), verdict.token.value);

  const finish = (request: Request, response: Response): Response => {
    if (response.type !== 'opaqueredirect' || request.redirect === 'manual') return response;
    return request.redirect === 'error' ? unreachable() : redirectRefused(placeOf(request.url, origin));
  };

  const authorized = async (request: Request, verdict: Authorized): Promise<Response> => {
    // A clone costs 1–4 ms up to 1 MB and is what a second try needs; without a body the request itself will do.
    const copy = request.body ? () => request.clone() : () => request;
    const first = await send(copy, verdict);
    if (first.status !== 401) return finish(request, first);
    const second = await ask({ type: 'refused', id: nextId(), generation: verdict.generation });
    switch (second.go) {
      case 'authorized':
        return finish(request, await send(copy, second));
      case 'stop':
        return unreachable();
      case 'bare':
      case 'pass':
        return first;
    }
  };

  return async (request) => {
    const here = epoch();
    const given = ask({ type: 'request', id: nextId() });
    const verdict = given instanceof Promise ? await given : given;
    // Who asked has left while this request waited: nobody else is to carry it.
    if (verdict.go === 'stop' || here.over.aborted) return unreachable();
    const bound = during(here, request);
    const response = await (verdict.go === 'authorized' ? authorized(bound, verdict) : fetch(bound));
    if (here.asked.size >= MAX_ASKED) here.asked.clear();
    here.asked.add(request.url);
    return response;
  };
};
