import type { JournalEntry } from '../protocol/bridge.ts';
import type { Clock } from './types.ts';
import type { Disk } from './database.ts';
/** What happened, for people who ask why. Written from named, harmless fields only; never from a payload as it is. */
export type Journal = {
    write(machine: string, what: string, detail?: string): void;
    read(): Promise<readonly JournalEntry[]>;
};
export declare const createJournal: (disk: Disk, clock: Clock, worker: string) => Journal;
/** The harmless part of an event or effect: ids, counts and codes. */
export declare const describe: (value: object) => string | undefined;
