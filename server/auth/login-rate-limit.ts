import { remember } from '../base/bounded-map.ts';

/**
 * How often a password may be guessed (OWASP Authentication Cheat Sheet, "Login throttling"). A lock on an account would
 * let anybody lock its owner out, so nothing is ever locked: wrong guesses use up a supply that comes back with time.
 */
export type LoginRateLimit = {
  /**
   * Asks for one guess; `account` as it was typed, absent where there is only a secret. Until `right` is called the
   * guess counts as wrong, so that parallel ones cannot outrun the count.
   */
  take(guess: { account?: string | undefined; address: string }): LoginAttempt;
};

export type LoginAttempt = { allowed: true; succeeded(): void } | { allowed: false; waitSeconds: number };

type Supply = { burst: number; refillMs: number };

/** One address at one account: a person who is looking for the right one of their passwords. */
const PAIR: Supply = { burst: 10, refillMs: 30_000 };
/** One address at any account, as behind the router of an office. */
const ADDRESS: Supply = { burst: 50, refillMs: 10_000 };
/** One account from all addresses from which nobody has ever signed in to it. */
const ACCOUNT: Supply = { burst: 50, refillMs: 30_000 };
/** Of each kind; the one that was used longest ago is forgotten first. */
const MOST_REMEMBERED = 10_000;

type Bucket = {
  /** Milliseconds until there is one; 0 where there is. */
  wait(key: string): number;
  use(key: string): void;
  giveBack(key: string): void;
};

/** Holds, for each key, when its supply would be full again. */
const createBucket = ({ burst, refillMs }: Supply, now: () => number): Bucket => {
  const fullAt = new Map<string, number>();
  const missing = (key: string): number => Math.max(0, (fullAt.get(key) ?? 0) - now());
  return {
    wait: (key) => Math.max(0, missing(key) - (burst - 1) * refillMs),
    use: (key) => remember(fullAt, key, now() + missing(key) + refillMs, MOST_REMEMBERED),
    giveBack: (key) => remember(fullAt, key, now() + missing(key) - refillMs, MOST_REMEMBERED),
  };
};

export const createLoginRateLimit = (now: () => number): LoginRateLimit => {
  const pairs = createBucket(PAIR, now);
  const addresses = createBucket(ADDRESS, now);
  const accounts = createBucket(ACCOUNT, now);
  const known = new Map<string, true>();
  return {
    take({ account = '', address }) {
      const pair = JSON.stringify([account, address]);
      const used: [Bucket, string][] = [
        [addresses, address],
        [pairs, pair],
      ];
      // Strangers who try somebody's account from everywhere cost that person nothing where they have been before.
      if (account !== '' && !known.has(pair)) used.push([accounts, account]);
      const waitMs = Math.max(...used.map(([bucket, key]) => bucket.wait(key)));
      if (waitMs > 0) return { allowed: false, waitSeconds: Math.ceil(waitMs / 1000) };
      for (const [bucket, key] of used) bucket.use(key);
      return {
        allowed: true,
        succeeded() {
          for (const [bucket, key] of used) bucket.giveBack(key);
          remember(known, pair, true, MOST_REMEMBERED);
        },
      };
    },
  };
};
