import type { OidcConfig } from '../protocol/config.ts';
import type { DpopKeys } from './dpop-keys.ts';
import { type Grants } from './grants.ts';
import type { SignInsUnderWay } from './sign-ins.ts';
export type OidcOptions = {
    config: OidcConfig;
    origin: string;
    keys: DpopKeys;
    underWay: SignInsUnderWay;
    now(): number;
};
/** Authorization code with PKCE, state, nonce and, where the provider offers it, DPoP; all inside the worker. */
export declare const createOidc: (options: OidcOptions) => Grants & {
    returnTo(state: string | null): Promise<string>;
};
