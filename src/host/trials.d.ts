import { type Trial } from '../core/kept.ts';
import type { Machine } from '../core/session-types.ts';
import type { Kept } from '../protocol/snapshot.ts';
import type { Disk } from './database.ts';
import type { Clock } from './types.ts';
/** Counts what the session has come through, and remembers it over worker restarts. */
export type Trials = {
    readonly kept: Kept;
    count(trial: Trial): void;
    /** Looks at the session for what it came through by itself. */
    observe(before: Machine, after: Machine): void;
};
export declare const createTrials: (disk: Disk, clock: Clock, onChange: () => void) => Trials;
