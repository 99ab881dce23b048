import { type DPoPHandle } from 'oauth4webapi';
import { type Disk } from './database.ts';
import type { Sealer } from './seal.ts';
export type DpopKeys = {
    /** Makes a key, seals it to the disk, and gives its name. */
    create(): Promise<string>;
    /** The handle that signs proofs with it; one for each worker life, for it remembers the servers' nonces. */
    handle(name: string): Promise<DPoPHandle>;
    /** Forgets every key but these. */
    keepOnly(names: ReadonlySet<string>): Promise<void>;
};
/**
 * The private key leaves `generateKey` extractable once, to be sealed; what signs is a non-extractable import. A
 * non-extractable key in IndexedDB would be portable to any page that can open the database (measured).
 */
export declare const createDpopKeys: (disk: Disk, sealer: Sealer) => DpopKeys;
