import type { Disk } from './database.ts';
/** AES-GCM ciphertext; `key` names the key it was sealed with, so that a changed seal is not taken for corruption. */
export type Sealed = {
    key: string;
    iv: Uint8Array<ArrayBuffer>;
    data: ArrayBuffer;
};
export type Sealer = {
    readonly key: string;
    /** `context` is authenticated with it: a record moved to another place or another deployment does not open. */
    seal(value: unknown, context: string): Promise<Sealed>;
    /** Rejects when it was sealed by another key, for another context, or was touched. */
    open(sealed: Sealed, context: string): Promise<unknown>;
};
export declare const createSealer: (disk: Disk, bound: string, seal: {
    id: string;
    secret: string;
} | undefined) => Sealer;
