import { setBounded } from '../base/bounded-map.ts';

/**
 * Limits wrong passwords (OWASP Authentication Cheat Sheet, "Login throttling"). It locks no account, because anyone
 * could lock the owner out with wrong passwords. Each wrong attempt takes a token from buckets that refill over time.
 */
export type LoginRateLimit = {
  /**
   * Takes one attempt. `account` is the user name as typed; leave it out where there is only a secret. The attempt counts
   * as wrong until the caller calls `succeeded`, so that parallel attempts cannot exceed the limit.
   */
  take(attempt: { account?: string | undefined; address: string }): LoginAttempt;
};

export type LoginAttempt = { type: 'allowed'; succeeded(): void } | { type: 'limited'; waitSeconds: number };

type Limit = { burst: number; refillMs: number };

/** One address at one account: a person who tries several of their own passwords. */
const PAIR: Limit = { burst: 10, refillMs: 30_000 };
/** One address at all accounts: an office behind one router. */
const ADDRESS: Limit = { burst: 50, refillMs: 10_000 };
/** One account from all addresses that never signed in to it. */
const ACCOUNT: Limit = { burst: 50, refillMs: 30_000 };
/** Keys in each bucket. Beyond this, the bucket drops the key that was used longest ago. */
const MAX_KEYS = 10_000;

type Bucket = {
  /** Milliseconds until the next attempt; 0: now. */
  waitMs(key: string): number;
  take(key: string): void;
  giveBack(key: string): void;
};

/** A token bucket for each key, stored as the time when the bucket is full again. */
const createBucket = ({ burst, refillMs }: Limit, now: () => number): Bucket => {
  const fullAt = new Map<string, number>();
  const untilFull = (key: string): number => Math.max(0, (fullAt.get(key) ?? 0) - now());
  return {
    waitMs: (key) => Math.max(0, untilFull(key) - (burst - 1) * refillMs),
    take: (key) => setBounded(fullAt, key, now() + untilFull(key) + refillMs, MAX_KEYS),
    giveBack: (key) => setBounded(fullAt, key, now() + untilFull(key) - refillMs, MAX_KEYS),
  };
};

export const createLoginRateLimit = (now: () => number): LoginRateLimit => {
  const pairs = createBucket(PAIR, now);
  const addresses = createBucket(ADDRESS, now);
  const accounts = createBucket(ACCOUNT, now);
  const knownPairs = new Map<string, true>();
  return {
    take({ account = '', address }) {
      const pair = JSON.stringify([account, address]);
      const buckets: [Bucket, string][] = [
        [addresses, address],
        [pairs, pair],
      ];
      // An attack on an account from many addresses must not block its owner, who signed in from this address before.
      if (account !== '' && !knownPairs.has(pair)) buckets.push([accounts, account]);
      const waitMs = Math.max(...buckets.map(([bucket, key]) => bucket.waitMs(key)));
      if (waitMs > 0) return { type: 'limited', waitSeconds: Math.ceil(waitMs / 1000) };
      for (const [bucket, key] of buckets) bucket.take(key);
      return {
        type: 'allowed',
        succeeded() {
          for (const [bucket, key] of buckets) bucket.giveBack(key);
          setBounded(knownPairs, pair, true, MAX_KEYS);
        },
      };
    },
  };
};
