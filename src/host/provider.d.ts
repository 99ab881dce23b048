import { allowInsecureRequests, customFetch, type AuthorizationServer } from 'oauth4webapi';
import type { OidcConfig } from '../protocol/config.ts';
/** What oauth4webapi leaves to its caller: no cache, no credentials, a deadline, and plain HTTP on loopback only. */
export declare const wireTo: (issuer: string, signal: AbortSignal) => {
    [customFetch]: (url: string, init: object) => Promise<Response>;
    [allowInsecureRequests]: boolean;
};
/** The provider's metadata, asked for once in this worker's life. Rejects when it cannot be had. */
export declare const createDiscovery: ({ issuer }: OidcConfig) => (() => Promise<AuthorizationServer>);
/** DPoP with the one algorithm that every WebCrypto has, if the provider names it. */
export declare const offersDpop: (as: AuthorizationServer) => boolean;
