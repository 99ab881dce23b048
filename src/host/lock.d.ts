/** The one lock of an origin under which a refresh token may be used. Held by workers, never by pages' own code. */
export type RefreshLock = {
    /** Calls `held` once it is ours; a new request gives up the former. */
    take(held: () => void): void;
    release(): void;
};
/** A dead worker's lock is released by the browser. Where there are no locks (insecure contexts) there is one page. */
export declare const createRefreshLock: (locks: LockManager | undefined) => RefreshLock;
