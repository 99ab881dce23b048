import { count } from '../../src/protocol/schema/schema-types.ts';
import type { Store } from '../base/store.ts';

/**
 * Each access token carries the token version at its issue. To increment the version revokes all access tokens at once.
 * The issue time would not do: it has whole seconds, and a token of the same second may be a new one.
 */
export type TokenVersion = { current(): number; increment(): Promise<void> };

/** Name of the record on disk, which installed servers have. */
const KEY = 'access-epoch';

export const openTokenVersion = async (store: Store): Promise<TokenVersion> => {
  let current = count.read(await store.get(KEY)) ?? 0;
  return {
    current: () => current,
    async increment() {
      current += 1;
      await store.put(KEY, current);
    },
  };
};
