import { count } from '../../src/protocol/schema/schema-types.ts';
import type { Storage } from '../storage/storage.ts';

/**
 * Each access token carries the token version at its issue. To increment the version revokes all access tokens at once.
 * The issue time would not do: it has whole seconds, and a token of the same second may be a new one.
 */
export type TokenVersion = { current(): Promise<number>; increment(): Promise<void> };

/** Name of the record on disk, which installed servers have. */
const KEY = 'access-epoch';

const CHANNEL = 'token-version';
/** Another instance increments it, and its message may be lost. */
const MAX_AGE_MS = 1_000;

export const createTokenVersion = ({ store, bus }: Pick<Storage, 'store' | 'bus'>): TokenVersion => {
  let known: { value: Promise<number>; at: number } | undefined;
  const forget = (): void => {
    known = undefined;
  };
  const read = async (): Promise<number> => count.read(await store.get(KEY)) ?? 0;
  // A bus that is away says so later, and its messages may be lost anyway.
  bus.subscribe(CHANNEL, forget).catch(() => undefined);
  bus.onResumed(forget);
  return {
    current() {
      const now = performance.now();
      if (known && now - known.at < MAX_AGE_MS) return known.value;
      const value = read();
      known = { value, at: now };
      value.catch(forget);
      return value;
    },
    async increment() {
      await store.update([KEY], ([current]) => ({
        result: undefined,
        writes: [{ key: KEY, value: (count.read(current) ?? 0) + 1, durable: true }],
      }));
      forget();
      await bus.publish(CHANNEL, '');
    },
  };
};
