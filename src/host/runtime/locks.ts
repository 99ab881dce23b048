import { named, type DeploymentName } from './deployment-name.ts';

/*
 * The Web Locks of a host (https://w3c.github.io/web-locks/). The browser releases the locks of a worker that dies.
 * Insecure contexts have no Web Locks; there the host runs in one page only.
 */

/**
 * Holds a lock for as long as this worker lives. Pages wait for it in shared mode: when a page gets the lock, the worker
 * is dead (within 2 ms p50, measured). Each worker has a new name, because a page in the back/forward cache may still
 * hold the old one. Without locks the name is `''`, and pages rely on the deadlines of their calls.
 */
export const holdLivenessLock = (id: string): { name: string; held: Promise<void> } => {
  const name = `session-keeper:life:${id}`;
  if (!navigator.locks) return { name: '', held: Promise.resolve() };
  const held = new Promise<void>((resolve) => {
    const hold = (): Promise<never> => {
      resolve();
      return new Promise<never>(() => undefined);
    };
    navigator.locks.request(name, hold).catch(() => resolve());
  });
  return { name, held };
};

/** The one lock of a deployment under which a host may use the refresh token. Page code never holds it. */
export type RefreshLock = {
  /** Calls `onHeld` once the lock is held. A second call gives up the first request. */
  take(onHeld: () => void): void;
  release(): void;
};

const REFRESH_LOCK = 'session-keeper:refresh';

export const createRefreshLock = (locks: LockManager | undefined, deployment: DeploymentName): RefreshLock => {
  let giveUp: (() => void) | undefined;
  const release = (): void => {
    giveUp?.();
    giveUp = undefined;
  };
  return {
    take(onHeld) {
      release();
      if (!locks) return queueMicrotask(onHeld);
      const waiting = new AbortController();
      let done = (): void => undefined;
      giveUp = () => {
        waiting.abort();
        done();
      };
      const hold = (): Promise<void> => {
        if (waiting.signal.aborted) return Promise.resolve();
        const holding = new Promise<void>((resolve) => (done = resolve));
        onHeld();
        return holding;
      };
      locks.request(named(REFRESH_LOCK, deployment), { signal: waiting.signal }, hold).catch(() => undefined);
    },
    release,
  };
};
