import { AsyncLocalStorage } from 'node:async_hooks';
import type { Context } from 'oidc-provider';
import { clientAddress } from '../http/request-context.ts';

/**
 * Sign-ins that a visitor has begun and not finished. Anyone can begin them without an account, so all of them together
 * have a bound on the disk. Above it, the visitor with the most of them loses the oldest.
 */
export type BegunSignIns = {
  /** Adds the record with this key, or replaces it. Returns the keys of the records that must go. */
  add(key: string, bytes: number): string[];
  remove(key: string): void;
};

const MAX_BYTES = 16 * 1024 * 1024;

type Begun = { bytes: number; visitor: string; at: number };

const visitorInScope = new AsyncLocalStorage<string>();

/** Koa middleware: what a request begins counts for its address. */
export const countByAddress = (ctx: Context, next: () => Promise<void>): Promise<void> =>
  visitorInScope.run(clientAddress(ctx.req), next);

/** `ttlMs`: after this, the store has removed a record by itself. `now`: a monotonic clock in ms. */
export const createBegunSignIns = (
  ttlMs: number,
  now: () => number = () => performance.now(),
  maxBytes = MAX_BYTES,
): BegunSignIns => {
  /** Oldest first. */
  const begun = new Map<string, Begun>();
  const bytesOf = new Map<string, number>();
  let total = 0;

  const change = (visitor: string, bytes: number): void => {
    total += bytes;
    const sum = (bytesOf.get(visitor) ?? 0) + bytes;
    if (sum > 0) bytesOf.set(visitor, sum);
    else bytesOf.delete(visitor);
  };
  const remove = (key: string): void => {
    const known = begun.get(key);
    if (!known) return;
    begun.delete(key);
    change(known.visitor, -known.bytes);
  };
  const removeExpired = (): void => {
    for (const [key, { at }] of begun) {
      if (now() - at < ttlMs) return;
      remove(key);
    }
  };
  const isFull = (): boolean => total > maxBytes && begun.size > 1;
  const oldestOfLargest = (): string | undefined => {
    const largest = [...bytesOf].toSorted((a, b) => b[1] - a[1])[0]?.[0];
    for (const [key, { visitor }] of begun) if (visitor === largest) return key;
    return undefined;
  };

  return {
    remove,
    add(key, bytes) {
      removeExpired();
      const visitor = begun.get(key)?.visitor ?? visitorInScope.getStore() ?? '';
      remove(key);
      begun.set(key, { bytes, visitor, at: now() });
      change(visitor, bytes);
      const evicted: string[] = [];
      while (isFull()) {
        const oldest = oldestOfLargest();
        if (oldest === undefined) break;
        remove(oldest);
        evicted.push(oldest);
      }
      return evicted;
    },
  };
};
