import { type Disk } from './database.ts';
import type { Sealer } from './seal.ts';
/** What a sign-in must remember while the person is at the provider. */
export type Pending = {
    state: string;
    nonce: string;
    verifier: string;
    key: string | undefined;
    returnTo: string;
    at: number;
};
export type SignInsUnderWay = {
    keep(pending: Pending): Promise<void>;
    /** Once only: a second use of the same `state` finds nothing. */
    take(state: string | null): Promise<Pending | undefined>;
    /** Where that sign-in was begun; `/` for a `state` that nobody here asked for. */
    returnTo(state: string | null): Promise<string>;
    /** Names of the DPoP keys that sign-ins under way will need. */
    keys(): Promise<readonly string[]>;
};
/** Only a path of this origin: an address taken from elsewhere would make the callback an open redirector. */
export declare const safePath: (path: string | undefined) => string;
export declare const createSignInsUnderWay: (disk: Disk, sealer: Sealer, now: () => number) => SignInsUnderWay;
