import { count } from '../base/validate.ts';
import type { Store } from '../base/store.ts';

/**
 * Every access token carries the number of the epoch it was issued in; raising the number ends them all at once.
 * Issue times would not do: they are whole seconds, and a token of the same second may be the new one.
 */
export type TokenVersion = { current(): number; increment(): Promise<void> };

const KEY = 'access-epoch';

export const openTokenVersion = async (store: Store): Promise<TokenVersion> => {
  let current = count(await store.get(KEY)) ?? 0;
  return {
    current: () => current,
    async increment() {
      current += 1;
      await store.put(KEY, current);
    },
  };
};
