import {
  allowInsecureRequests,
  customFetch,
  protectedResourceRequest,
  WWWAuthenticateChallengeError,
  type DPoPHandle,
} from 'oauth4webapi';
import { changedRequest } from '../runtime/changed-request.ts';
import { mayKnowOnlyBearer } from '../../core/unauthorized-challenge.ts';
import type { DpopKeys } from './dpop-keys.ts';
import { sendDirectly } from '../runtime/send-directly.ts';

/** A request to send with a DPoP-bound token. */
export type ProofRequest = {
  /** Without credentials of the page: oauth4webapi throws on a request that has an `Authorization` (measured). */
  headers: Headers;
  request: Request;
  url: URL;
  token: string;
  /** Name of the key that the token is bound to. */
  key: string;
  redirect: RequestRedirect;
  /** Another copy of the request, for a second proof. */
  again(): Request;
};

export type ProofFetch = (attempt: ProofRequest) => Promise<Response>;

/**
 * Sends once more where only the proof was at fault (RFC 9449 §8, §9). An API without DPoP takes `Authorization: DPoP` for
 * no authorization at all. It accepts the same token as a bearer token, because it does not know what the token is bound to
 * (§7.2). Without `onBearerOnly`, no token goes out as a bearer token.
 */
export const createProofFetch = (
  keys: Pick<DpopKeys, 'handle' | 'mayRetry'>,
  onBearerOnly: (() => void) | undefined,
): ProofFetch => {
  const send = async (attempt: ProofRequest, DPoP: DPoPHandle, retry: boolean): Promise<Response> => {
    const { url, request, token, redirect } = attempt;
    const transport = (_url: string, { headers }: { headers: Record<string, string> }): Promise<Response> =>
      sendDirectly(changedRequest(request, { headers, redirect }));
    const settings = { DPoP, [customFetch]: transport, [allowInsecureRequests]: true };
    try {
      return await protectedResourceRequest(token, request.method, url, new Headers(attempt.headers), null, settings);
    } catch (error) {
      if (!(error instanceof WWWAuthenticateChallengeError)) throw error;
      const code = error.cause.find(({ scheme }) => scheme === 'dpop')?.parameters.error;
      if (!retry || !(await keys.mayRetry(code, error.response))) return error.response;
      return send({ ...attempt, request: attempt.again() }, DPoP, false);
    }
  };
  const sendBearer = ({ headers, token, redirect }: ProofRequest, request: Request): Promise<Response> => {
    const plain = new Headers(headers);
    plain.set('authorization', `Bearer ${token}`);
    return sendDirectly(changedRequest(request, { headers: plain, redirect }));
  };

  /** Origins whose API takes proofs, and those whose API knows bearer tokens only. */
  const proofOrigins = new Set<string>();
  const bearerOrigins = new Set<string>();

  return async (attempt) => {
    const { origin } = attempt.url;
    if (bearerOrigins.has(origin)) return sendBearer(attempt, attempt.request);
    const response = await send(attempt, await keys.handle(attempt.key), true);
    if (response.status !== 401) proofOrigins.add(origin);
    else if (onBearerOnly && !proofOrigins.has(origin) && mayKnowOnlyBearer(response.headers.get('www-authenticate'))) {
      const second = await sendBearer(attempt, attempt.again());
      if (second.status === 401) return response;
      bearerOrigins.add(origin);
      onBearerOnly();
      return second;
    }
    return response;
  };
};
