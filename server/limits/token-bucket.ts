import { setBounded } from '../base/bounded-map.ts';
import type { Limit } from '../storage/storage.ts';

/** Keys in each bucket. Beyond this, the bucket drops the key that was used longest ago. */
const MAX_KEYS = 10_000;

export type Bucket = {
  /** Milliseconds until the next attempt; 0: now. */
  waitMs(key: string): number;
  take(key: string): void;
  giveBack(key: string): void;
};

/** A token bucket for each key, stored as the time when the bucket is full again. `now`: a monotonic clock in ms. */
export const createBucket = ({ burst, refillMs }: Limit, now: () => number): Bucket => {
  const fullAt = new Map<string, number>();
  const untilFull = (key: string): number => Math.max(0, (fullAt.get(key) ?? 0) - now());
  return {
    waitMs: (key) => Math.max(0, untilFull(key) - (burst - 1) * refillMs),
    take: (key) => setBounded(fullAt, key, now() + untilFull(key) + refillMs, MAX_KEYS),
    giveBack: (key) => setBounded(fullAt, key, now() + untilFull(key) - refillMs, MAX_KEYS),
  };
};
