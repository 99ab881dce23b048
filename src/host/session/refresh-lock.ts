/** The one lock of an origin under which a refresh token may be used. Held by workers, never by pages' own code. */
export type RefreshLock = {
  /** Calls `held` once it is ours; a new request gives up the former. */
  take(held: () => void): void;
  release(): void;
};

const NAME = 'session-keeper:refresh';

/** A dead worker's lock is released by the browser. Where there are no locks (insecure contexts) there is one page. */
export const createRefreshLock = (locks: LockManager | undefined): RefreshLock => {
  let leave: (() => void) | undefined;
  const release = (): void => {
    leave?.();
    leave = undefined;
  };
  return {
    take(held) {
      release();
      if (!locks) return queueMicrotask(held);
      const waiting = new AbortController();
      let done = (): void => undefined;
      leave = () => {
        waiting.abort();
        done();
      };
      const hold = (): Promise<void> => {
        if (waiting.signal.aborted) return Promise.resolve();
        const holding = new Promise<void>((resolve) => (done = resolve));
        held();
        return holding;
      };
      locks.request(NAME, { signal: waiting.signal }, hold).catch(() => undefined);
    },
    release,
  };
};
