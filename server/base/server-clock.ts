import { AsyncLocalStorage } from 'node:async_hooks';
import { createSteadyClock, type SteadyClock } from './steady-clock.ts';

/** The server's time, in ms since the Unix epoch. */
export type ServerClock = {
  /** The steady time, with the skew of the fault routes. */
  now(): number;
  /** Without the skew of the fault routes: for graces and expiry on disk, which the skew must not change. */
  steadyNow(): number;
  /** How far `now` is from the system's time. 0: nothing is skewed, and the system's time has not jumped. */
  skewMs(): number;
  setSkew(skewMs: number): void;
  /** Runs `work` so that third-party code in it (the OpenID provider) uses this time too. */
  runInside<T>(work: () => T): T;
};

/** The system's time, also after `replaceDateNow`. */
const systemNow: () => number = Date.now.bind(Date);

/** A steady clock on the system's time. `lastSeen`: when the last server of this data folder wrote to it. */
export const createSystemClock = (
  options: { lastSeen?: number | undefined; onNotice?: Parameters<typeof createSteadyClock>[0]['onNotice'] } = {},
): SteadyClock => createSteadyClock({ ...options, wall: systemNow });

const skewInScope = new AsyncLocalStorage<() => number>();
let isReplaced = false;

/**
 * `oidc-provider` calls `Date.now` itself (lib/helpers/epoch_time.js) and accepts no clock, so a skewed provider needs
 * another global `Date.now`. The first skew replaces it. Outside of `runInside` it still returns the system's time.
 */
const replaceDateNow = (): void => {
  if (isReplaced) return;
  isReplaced = true;
  Date.now = () => systemNow() + (skewInScope.getStore()?.() ?? 0);
};

export const createServerClock = (initialSkewMs = 0, steady: SteadyClock = createSystemClock()): ServerClock => {
  let faultMs = initialSkewMs;
  const skewMs = (): number => {
    const skew = steady.offsetMs() + faultMs;
    if (skew !== 0) replaceDateNow();
    return skew;
  };
  return {
    now: () => steady.now() + faultMs,
    steadyNow: steady.now,
    skewMs,
    setSkew(next) {
      faultMs = next;
    },
    runInside(work) {
      // Without a skew there is nothing to run inside of, and `run` costs each promise of the request.
      return skewMs() === 0 && !isReplaced ? work() : skewInScope.run(skewMs, work);
    },
  };
};
