import { digest } from '../base/crypto.ts';
import type { Limit } from '../storage/storage.ts';
import { createBucket, type Bucket } from './token-bucket.ts';

/** Routes that take a password or another secret. Each has limits of its own: an attack on one does not close another. */
export type LoginRoute = 'password' | 'api-key' | 'sign-in-page';

/**
 * Limits wrong passwords (OWASP Authentication Cheat Sheet, "Login throttling"). It locks no account, because anyone
 * could lock the owner out with wrong passwords. Each wrong attempt takes a token from buckets that refill over time:
 * docs/decisions/0011 has the reason for own buckets.
 */
export type LoginRateLimit = {
  /**
   * Takes one attempt. `account` is the user name as typed; leave it out where there is only a secret. `device`: the key
   * of a browser that signed in before (device-cookies.ts). The attempt counts as wrong until the caller calls
   * `succeeded`, so that parallel attempts cannot exceed the limit.
   */
  take(attempt: Attempt): LoginAttempt | Promise<LoginAttempt>;
};

/** That of one instance. */
export type LocalLoginRateLimit = { take(attempt: Attempt): LoginAttempt };

export type Attempt = {
  route: LoginRoute;
  account?: string | undefined;
  address: string;
  device?: string | undefined;
};

export type LoginAttempt = { type: 'allowed'; succeeded(): void } | { type: 'limited'; waitSeconds: number };

/**
 * `address`: one address at all accounts, such as an office behind one router. `account`: one account from all browsers
 * that never signed in to it.
 */
type RouteLimits = { address: Limit; account: Limit };

/** One browser that signed in before. */
const DEVICE: Limit = { burst: 10, refillMs: 30_000 };
/** One address at one account: a person who tries several of their own passwords. */
const PAIR: Limit = { burst: 10, refillMs: 30_000 };

const LIMITS: Readonly<Record<LoginRoute, RouteLimits>> = {
  password: { address: { burst: 50, refillMs: 10_000 }, account: { burst: 50, refillMs: 30_000 } },
  // A program sends API keys, and does not mistype them. The server knows no account before it finds the key.
  'api-key': { address: { burst: 10, refillMs: 30_000 }, account: { burst: 10, refillMs: 30_000 } },
  // A person at a keyboard is slower than a program.
  'sign-in-page': { address: { burst: 50, refillMs: 10_000 }, account: { burst: 25, refillMs: 60_000 } },
};

type Buckets = Readonly<Record<'device' | 'pair' | 'address' | 'account', Bucket>>;

const createBuckets = ({ address, account }: RouteLimits, now: () => number): Buckets => ({
  device: createBucket(DEVICE, now),
  pair: createBucket(PAIR, now),
  address: createBucket(address, now),
  account: createBucket(account, now),
});

type BucketName = keyof Buckets;

/** The buckets from which an attempt takes, each with its key. A browser that signed in before has one of its own. */
const bucketsFor = ({ account = '', address, device }: Attempt): readonly [BucketName, string][] => {
  if (device !== undefined) return [['device', device]];
  if (account === '') return [['address', address]];
  // The digest, because a client chooses the name, and ten thousand long ones would fill the memory.
  const name = digest(account);
  return [
    ['address', address],
    ['pair', `${name} ${address}`],
    ['account', name],
  ];
};

/** The same with names that are unique over all routes, and with their limits. */
export const limitsFor = (attempt: Attempt): readonly { bucket: string; limit: Limit }[] => {
  const limits: Readonly<Record<BucketName, Limit>> = { device: DEVICE, pair: PAIR, ...LIMITS[attempt.route] };
  return bucketsFor(attempt).map(([name, key]) => ({
    bucket: `login ${attempt.route} ${name} ${key}`,
    limit: limits[name],
  }));
};

/** `now`: a monotonic clock in ms. */
export const createLoginRateLimit = (now: () => number): LocalLoginRateLimit => {
  const routes: Readonly<Record<LoginRoute, Buckets>> = {
    password: createBuckets(LIMITS.password, now),
    'api-key': createBuckets(LIMITS['api-key'], now),
    'sign-in-page': createBuckets(LIMITS['sign-in-page'], now),
  };
  return {
    take(attempt) {
      const own = routes[attempt.route];
      const buckets = bucketsFor(attempt).map(([name, key]): [Bucket, string] => [own[name], key]);
      const waitMs = Math.max(...buckets.map(([bucket, key]) => bucket.waitMs(key)));
      if (waitMs > 0) return { type: 'limited', waitSeconds: Math.ceil(waitMs / 1000) };
      for (const [bucket, key] of buckets) bucket.take(key);
      return {
        type: 'allowed',
        succeeded() {
          for (const [bucket, key] of buckets) bucket.giveBack(key);
        },
      };
    },
  };
};
