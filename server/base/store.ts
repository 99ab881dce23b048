/** One change of an atomic update. Without `ttlMs` the value stays until it is removed. */
export type Write = { key: string; value: unknown; ttlMs?: number | undefined } | { key: string; remove: true };

export type Entry = { key: string; value: unknown };

/** What an update does: `writes` happen all or not at all, and `result` goes to the caller after the commit. */
export type Decision<T> = { result: T; writes?: readonly Write[] };

export type Range = {
  /** Only keys after this one (exclusive), in the order of their UTF-8 bytes. */
  after?: string | undefined;
  limit?: number | undefined;
};

/**
 * All that the server keeps. A resolved promise means that the change survives the death of this process.
 *
 * The interface asks no more than a distributed store can give (Redis with WATCH, DynamoDB with transactions):
 * values by string key, ordered listing by prefix, expiry, and one optimistic transaction over named keys.
 * Values are plain data and come back as `unknown`: the reader parses them (shape.ts).
 */
export interface Store {
  get(key: string): Promise<unknown>;
  put(key: string, value: unknown, ttlMs?: number): Promise<void>;
  delete(key: string): Promise<void>;
  list(prefix: string, range?: Range): Promise<Entry[]>;
  /**
   * Reads `keys`, asks `decide` with their values (`undefined` where absent), and writes what
   * it says, as if nobody else had come in between. `decide` must be pure: a distributed store may retry it.
   */
  update<T>(keys: readonly string[], decide: (current: readonly unknown[]) => Decision<T>): Promise<T>;
  close(): Promise<void>;
}

const DELETE_BATCH = 500;

/** Removes everything below a prefix; new keys that arrive meanwhile may stay. */
export const deleteAll = async (store: Store, prefix: string): Promise<number> => {
  let removed = 0;
  for (;;) {
    const entries = await store.list(prefix, { limit: DELETE_BATCH });
    if (entries.length === 0) return removed;
    await store.update([], () => ({
      result: undefined,
      writes: entries.map(({ key }) => ({ key, remove: true as const })),
    }));
    removed += entries.length;
  }
};
