import { AsyncLocalStorage } from 'node:async_hooks';

/** The server's time, in ms since the Unix epoch. Only the fault routes skew it. */
export type ServerClock = {
  now(): number;
  skewMs(): number;
  setSkew(skewMs: number): void;
  /** Runs `work` so that third-party code in it (the OpenID provider) uses the skewed time too. */
  runInside<T>(work: () => T): T;
};

/** The system's time without the skew: for durations that the skew must not change, such as the expiry on disk. */
export const systemNow: () => number = Date.now.bind(Date);

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

export const createServerClock = (initialSkewMs = 0): ServerClock => {
  let skewMs = 0;
  const clock: ServerClock = {
    now: () => systemNow() + skewMs,
    skewMs: () => skewMs,
    setSkew(next) {
      skewMs = next;
      if (next !== 0) replaceDateNow();
    },
    runInside: (work) => skewInScope.run(() => skewMs, work),
  };
  clock.setSkew(initialSkewMs);
  return clock;
};
