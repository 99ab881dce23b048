import {
  allowInsecureRequests,
  customFetch,
  discoveryRequest,
  processDiscoveryResponse,
  type AuthorizationServer,
} from 'oauth4webapi';
import type { OidcConfig } from '../../protocol/config.ts';
import { DIRECT_FETCH } from './http.ts';

const DISCOVERY_DEADLINE_MS = 10_000;
const LOOPBACK = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:|\/|$)/;

/** What oauth4webapi leaves to its caller: no cache, no credentials, a deadline, and plain HTTP on loopback only. */
export const providerFetch = (issuer: string, signal: AbortSignal) => ({
  [customFetch]: (url: string, init: object): Promise<Response> =>
    fetch(url, { ...init, ...DIRECT_FETCH, credentials: 'omit', signal }),
  [allowInsecureRequests]: LOOPBACK.test(issuer),
});

/** The provider's metadata, asked for once in this worker's life. Rejects when it cannot be had. */
export const createDiscovery = ({ issuer }: OidcConfig): (() => Promise<AuthorizationServer>) => {
  let known: Promise<AuthorizationServer> | undefined;
  const ask = async (): Promise<AuthorizationServer> => {
    const url = new URL(issuer);
    const response = await discoveryRequest(url, providerFetch(issuer, AbortSignal.timeout(DISCOVERY_DEADLINE_MS)));
    return processDiscoveryResponse(url, response);
  };
  return () => {
    const mine = (known ??= ask());
    mine.catch(() => (known = undefined));
    return mine;
  };
};

/** DPoP with the one algorithm that every WebCrypto has, if the provider names it. */
export const supportsDpop = (as: AuthorizationServer): boolean =>
  as.dpop_signing_alg_values_supported?.includes('ES256') ?? false;
