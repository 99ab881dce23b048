import type { Saved } from '../core/session-types.ts';
import type { Problem } from '../protocol/problem.ts';
import { type Disk, type SessionRow } from './database.ts';
import type { Sealer } from './seal.ts';
export type Loaded = {
    saved: Saved | undefined;
    problem?: Problem | undefined;
};
export type SaveOutcome = {
    is: 'saved';
} | {
    is: 'superseded';
    saved: Saved;
} | {
    is: 'failed';
    problem: Problem;
};
export type SessionStore = {
    /** Rejects only when the disk could not be read; what cannot be opened is set aside and told. */
    load(): Promise<Loaded>;
    /** Compare and set: a record is written unless the disk holds a newer generation. Durable and read back. */
    save(record: Saved): Promise<SaveOutcome>;
    /** The sealed row as it is on the disk, for a copy elsewhere. */
    row(): Promise<SessionRow | undefined>;
    /** Takes a copy back if the disk has nothing and the copy opens. */
    restore(row: SessionRow): Promise<boolean>;
};
export declare const generationOfSaved: (saved: Saved) => number;
export declare const createSessionStore: (disk: Disk, sealer: Sealer, now: () => number) => SessionStore;
