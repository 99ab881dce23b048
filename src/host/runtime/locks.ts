import { resolveAfter } from '../../protocol/timing/timer.ts';
import { named, type DeploymentName } from './deployment-name.ts';

/*
 * The Web Locks of a host (https://w3c.github.io/web-locks/). The browser releases the locks of a worker that dies.
 * Insecure contexts have no Web Locks; there the host runs in one page only.
 */

/** Pauses (ms) before a lock that the browser did not give is requested again. */
const RETRY_PAUSES_MS = [10, 50, 250, 1_000];

/**
 * Runs `hold` under the lock. `false` when the browser gave no lock, or the signal aborted. Chromium 156 can refuse a
 * lock that it has just granted to a worker that has just started: "The provided callback is no longer runnable"
 * (https://crbug.com/1131368). So a refused request is made again.
 */
const holdLock = async (
  locks: LockManager,
  name: string,
  options: LockOptions,
  hold: () => Promise<void>,
): Promise<boolean> => {
  let hasRun = false;
  const run = (): Promise<void> => {
    hasRun = true;
    return hold();
  };
  for (const ms of [0, ...RETRY_PAUSES_MS]) {
    if (ms > 0) await resolveAfter(ms);
    if (options.signal?.aborted) return false;
    await locks.request(name, options, run).catch(() => undefined);
    if (hasRun) return true;
  }
  return false;
};

/**
 * Holds a lock for as long as this worker lives, and resolves with its name. Pages wait for it in shared mode: when a
 * page gets the lock, the worker is dead (within 2 ms p50, measured). Each worker has a new name, because a page in the
 * back/forward cache may still hold the old one. Without locks the name is `''`, and pages rely on the deadlines of their
 * calls.
 */
export const holdLivenessLock = (locks: LockManager | undefined, id: string): Promise<string> => {
  if (!locks) return Promise.resolve('');
  const name = `session-keeper:life:${id}`;
  return new Promise((resolve) => {
    const hold = (): Promise<never> => {
      resolve(name);
      return new Promise<never>(() => undefined);
    };
    void holdLock(locks, name, {}, hold).then(() => resolve(''));
  });
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
      void holdLock(locks, named(REFRESH_LOCK, deployment), { signal: waiting.signal }, hold).then((wasHeld) => {
        // A worker that waits for ever would never renew a token. The disk still lets only the newest record win.
        if (!wasHeld && !waiting.signal.aborted) onHeld();
      });
    },
    release,
  };
};
