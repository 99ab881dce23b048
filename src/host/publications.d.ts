import { type OutboxItem } from '../core/outbox.ts';
import { type Result } from '../protocol/problem.ts';
import type { OutboxStore } from './outbox-store.ts';
export type Publication = {
    id: string;
    topic: string;
    data: unknown;
};
/** What is to be published: on the disk first, then sent, and kept until the server has an answer. */
export type Publications = {
    readonly waiting: boolean;
    /** Resolves once the publication is on the disk. The same id again is the same publication. */
    publish(publication: Publication): Promise<Result<null>>;
    /** Sends everything that waits, in order: a link has come up. */
    flush(): void;
    /** The server has it, or will never have it. */
    settle(id: string): void;
    /** Whose session it is, where that is known. Nobody sends for another; what belongs to nobody leaves with whoever leaves. */
    owner(sub: string | undefined): void;
    signedOut(): void;
    /** Another worker may have left something on the disk. */
    reload(): void;
    /** Resolves when nothing is on its way to the disk. */
    settled(): Promise<void>;
};
export type PublicationsOptions = {
    store: OutboxStore;
    send(item: OutboxItem): void;
    onChange(): void;
    journal(what: string, detail?: string): void;
};
export declare const createPublications: ({ store, send, onChange, journal }: PublicationsOptions) => Publications;
