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

export type Discovery = {
  /** The provider's metadata. Rejects when the provider fails and no earlier metadata is known. */
  metadata(): Promise<AuthorizationServer>;
  /** An endpoint gave no OAuth answer. It may have moved, so the next call fetches the metadata again. */
  suspect(): void;
};

export const createDiscovery = ({ issuer }: OidcConfig): Discovery => {
  let known: Promise<AuthorizationServer> | undefined;
  let former: AuthorizationServer | undefined;
  const discover = async (): Promise<AuthorizationServer> => {
    const url = new URL(issuer);
    const response = await discoveryRequest(url, providerFetch(issuer, AbortSignal.timeout(DISCOVERY_DEADLINE_MS)));
    return (former = await processDiscoveryResponse(url, response));
  };
  const suspect = (): void => {
    known = undefined;
  };
  return {
    async metadata() {
      const mine = (known ??= discover());
      try {
        return await mine;
      } catch (error) {
        suspect();
        if (former) return former;
        throw error;
      }
    },
    suspect,
  };
};
