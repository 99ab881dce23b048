import { type DBSchema, type IDBPDatabase } from 'idb';
import type { Problem } from '../protocol/problem.ts';
import type { JournalEntry } from '../protocol/bridge.ts';
import type { Sealed } from './seal.ts';
/** What is in clear beside a sealed session: enough to decide which record is newer without opening any. */
export type SessionRow = {
    generation: number;
    sealed: Sealed;
};
interface KeeperSchema extends DBSchema {
    /** `current`, and what could not be opened under `aside:<time>`. */
    session: {
        key: string;
        value: SessionRow;
    };
    /** Sealed odds and ends by name: DPoP keys, sign-ins under way, tokens still to be revoked. */
    sealed: {
        key: string;
        value: Sealed;
    };
    /** Nothing secret: this host's identity, what was survived. */
    plain: {
        key: string;
        value: unknown;
    };
    /** Non-extractable keys, where no server seals. */
    keys: {
        key: string;
        value: CryptoKey;
    };
    journal: {
        key: number;
        value: JournalEntry;
    };
}
export type Database = IDBPDatabase<KeeperSchema>;
/** What went wrong with the disk, as data. */
export declare const storeProblem: (error: unknown) => Problem;
export type Disk = {
    /** Runs one piece of work on an open database; opens it anew once if the connection was gone. */
    use<T>(work: (db: Database) => Promise<T>): Promise<T>;
};
export declare const createDisk: () => Disk;
/** Writes one value so that it outlives a crash of the machine (`durability: 'strict'`; the default may not). */
export declare const putDurably: <S extends 'sealed' | 'plain'>(db: Database, store: S, key: string, value: KeeperSchema[S]['value']) => Promise<void>;
/** For tests, and for a person who asks for a clean slate. */
export declare const destroyDisk: () => Promise<void>;
export {};
