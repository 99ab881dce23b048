import { AsyncLocalStorage } from 'node:async_hooks';

/** The server's idea of now, in milliseconds since the epoch. Only the lab ever moves it. */
export type Clock = {
  now(): number;
  skewMs(): number;
  setSkew(skewMs: number): void;
  /** Runs `work` so that third-party code in it (the OpenID provider) sees the skewed time too. */
  runInside<T>(work: () => T): T;
};

/** The true time, whatever the lab says: for durations that must not stretch, such as expiry on disk. */
export const systemNow: () => number = Date.now.bind(Date);

const skewInForce = new AsyncLocalStorage<() => number>();
let replaced = false;

/**
 * `oidc-provider` reads `Date.now` itself (lib/helpers/epoch_time.js) and takes no clock, so a skewed provider
 * needs this global. It is touched on the first skew only, and outside of `during` it still tells the true time.
 */
const replaceDateNow = (): void => {
  if (replaced) return;
  replaced = true;
  Date.now = () => systemNow() + (skewInForce.getStore()?.() ?? 0);
};

export const createClock = (initialSkewMs = 0): Clock => {
  let skewMs = 0;
  const clock: Clock = {
    now: () => systemNow() + skewMs,
    skewMs: () => skewMs,
    setSkew(next) {
      skewMs = next;
      if (next !== 0) replaceDateNow();
    },
    runInside: (work) => skewInForce.run(() => skewMs, work),
  };
  clock.setSkew(initialSkewMs);
  return clock;
};
