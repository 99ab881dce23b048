import type { OutboxItem } from '../core/outbox.ts';
import { type Result } from '../protocol/problem.ts';
/** Publications that must survive the worker. A resolved promise means: it is on the disk. Nothing here throws. */
export type OutboxStore = {
    /** In the order in which they were added. */
    load(): Promise<Result<readonly OutboxItem[]>>;
    /** An id that is there already stays where it is. */
    add(item: OutboxItem): Promise<Result<null>>;
    remove(ids: readonly string[]): Promise<Result<null>>;
};
export declare const OUTBOX_DATABASE = "session-keeper-socket";
/** The outbox in a database of its own, so that nothing that befalls it touches the session's. */
export declare const createOutboxStore: () => OutboxStore;
