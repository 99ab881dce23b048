import type { PortFrame } from '../protocol/bridge.ts';
import type { Snapshot } from '../protocol/snapshot.ts';
import type { Clock } from './types.ts';
/** Sends the snapshot to all tabs when it has changed: states at once, counters a few times a second. */
export type Publisher = {
    now(): void;
    soon(): void;
};
export declare const createPublisher: (clock: Clock, take: () => Snapshot, send: (frame: PortFrame) => void) => Publisher;
