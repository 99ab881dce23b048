import {
  allowInsecureRequests,
  customFetch,
  discoveryRequest,
  processDiscoveryResponse,
  type AuthorizationServer,
} from 'oauth4webapi';
import type { OidcConfig } from '../../protocol/config.ts';
import { DIRECT_FETCH } from '../runtime/http.ts';

const DISCOVERY_DEADLINE_MS = 10_000;
const LOOPBACK = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:|\/|$)/;

/** Options for oauth4webapi: no cache, no credentials, a deadline, and plain HTTP on loopback only. */
export const providerFetch = (issuer: string, signal: AbortSignal) => ({
  [customFetch]: (url: string, init: object): Promise<Response> =>
    fetch(url, { ...init, ...DIRECT_FETCH, credentials: 'omit', signal }),
  [allowInsecureRequests]: LOOPBACK.test(issuer),
});

/** Returns the provider's metadata, and fetches it once in this worker's life. Rejects when the provider fails. */
export const createDiscovery = ({ issuer }: OidcConfig): (() => Promise<AuthorizationServer>) => {
  let known: Promise<AuthorizationServer> | undefined;
  const discover = async (): Promise<AuthorizationServer> => {
    const url = new URL(issuer);
    const response = await discoveryRequest(url, providerFetch(issuer, AbortSignal.timeout(DISCOVERY_DEADLINE_MS)));
    return processDiscoveryResponse(url, response);
  };
  return () => {
    const mine = (known ??= discover());
    mine.catch(() => (known = undefined));
    return mine;
  };
};
