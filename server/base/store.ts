/** One change of an atomic update. Without `ttlMs` the value does not expire. */
export type Write = { key: string; value: unknown; ttlMs?: number | undefined } | { key: string; remove: true };

export type Entry = { key: string; value: unknown };

/** Outcome of an update: the store commits all `writes` or none, then returns `result` to the caller. */
export type Decision<T> = { result: T; writes?: readonly Write[] };

export type Range = {
  /** Only keys after this one (exclusive), in UTF-8 byte order. */
  after?: string | undefined;
  limit?: number | undefined;
};

/**
 * The store cannot write now, for example because the disk is full. It has changed nothing, and a later attempt may succeed:
 * a request ends with 503 and `Retry-After`, and no session ends.
 */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
  readonly retryAfterSeconds: number;

  constructor(message: string, retryAfterSeconds = 1, options?: ErrorOptions) {
    super(message, options);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/**
 * The server's persistent state. A resolved promise means that the change survives a crash of this process. A write rejects
 * with `StoreUnavailable` when the store cannot keep it.
 *
 * Another store can replace it, also a distributed one (Redis with WATCH, DynamoDB with transactions). It must offer
 * values by string key, ordered listing by prefix, expiry, and one optimistic transaction over named keys.
 * Values are plain data. `get` returns them as `unknown`, and the caller parses them with a schema (src/protocol/schema).
 */
export interface Store {
  get(key: string): Promise<unknown>;
  put(key: string, value: unknown, ttlMs?: number): Promise<void>;
  delete(key: string): Promise<void>;
  list(prefix: string, range?: Range): Promise<Entry[]>;
  /**
   * Reads `keys`, calls `decide` with their values (`undefined` where absent), and applies its writes, all in one
   * transaction. `decide` must be pure: a distributed store may call it again.
   */
  update<T>(keys: readonly string[], decide: (current: readonly unknown[]) => Decision<T>): Promise<T>;
  close(): Promise<void>;
}

const DELETE_BATCH = 500;

/** Removes all keys with a prefix, in batches. Keys that are written at the same time may stay. */
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
