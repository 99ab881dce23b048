import {
  allowInsecureRequests,
  customFetch,
  discoveryRequest,
  processDiscoveryResponse,
  type AuthorizationServer,
} from 'oauth4webapi';
import type { OidcConfig } from '../../protocol/config.ts';
import { failed, ok, type Result } from '../../protocol/problem.ts';
import { boundedFetch, DIRECT_FETCH } from '../runtime/http.ts';

const DISCOVERY_DEADLINE_MS = 10_000;
const JSON_TYPE = { 'content-type': 'application/json' };
const LOOPBACK = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:|\/|$)/;

/** Options for oauth4webapi: no cache, no credentials, a deadline, and plain HTTP on loopback only. */
export const providerFetch = (issuer: string, signal: AbortSignal) => ({
  [customFetch]: (url: string, init: object): Promise<Response> =>
    fetch(url, { ...init, ...DIRECT_FETCH, credentials: 'omit', signal }),
  [allowInsecureRequests]: LOOPBACK.test(issuer),
});

export type Discovery = {
  /** The provider's metadata. Fails when the provider does and no earlier metadata is known. */
  metadata(): Promise<Result<AuthorizationServer>>;
  /** An endpoint gave no OAuth answer. It may have moved, so the next call fetches the metadata again. */
  suspect(): void;
};

const METADATA_PATH = '/.well-known/openid-configuration';

/** Fetches the provider's metadata (OpenID Connect Discovery 1.0 §4). */
export const createDiscovery = ({ issuer }: OidcConfig, origin: string, now: () => number): Discovery => {
  let known: Promise<Result<AuthorizationServer>> | undefined;
  let former: Result<AuthorizationServer> | undefined;
  const discover = async (): Promise<Result<AuthorizationServer>> => {
    const url = new URL(issuer);
    const answer = await boundedFetch(
      (signal) => discoveryRequest(url, providerFetch(issuer, signal)),
      issuer.replace(/\/$/, '') + METADATA_PATH,
      { origin, deadlineMs: DISCOVERY_DEADLINE_MS, now },
    );
    if (!answer.ok) return answer;
    const { at, status, text, retryAfterMs } = answer.value;
    if (status === 429) return failed({ code: 'rate-limited', at, status, retryAfterMs });
    if (status >= 400) return failed({ code: 'server-unavailable', at, status, retryAfterMs });
    try {
      return ok(await processDiscoveryResponse(url, new Response(text, { status, headers: JSON_TYPE })));
    } catch {
      return failed({ code: 'unexpected-answer', at, status, detail: 'metadata' });
    }
  };
  const suspect = (): void => {
    known = undefined;
  };
  return {
    async metadata() {
      const found = await (known ??= discover());
      if (found.ok) return (former = found);
      suspect();
      return former ?? found;
    },
    suspect,
  };
};
