export type Keep = {
  /** Without it the value does not expire. */
  ttlMs?: number | undefined;
  /**
   * Losing this write would sign a person out, or bring an ended session back. A store with replicas resolves only after one
   * of them has it, and rejects when none can promise that.
   */
  durable?: boolean | undefined;
};

/** One change of an atomic update. */
export type Write = ({ key: string; value: unknown } & Keep) | { key: string; remove: true; durable?: boolean };

export type Entry = { key: string; value: unknown };

/** Outcome of an update: the store commits all `writes` or none, then returns `result` to the caller. */
export type Decision<T> = { result: T; writes?: readonly Write[] };

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
 * Another store can replace it, also a distributed one. It must offer values by string key, expiry, and one optimistic
 * transaction over named keys. The keys of one transaction belong to one owner (`ownerOfKey`), so that a store with several
 * nodes can keep them together. Values are plain data. `get` returns them as `unknown`, and the caller parses them with a schema (src/protocol/schema).
 */
export interface Store {
  get(key: string): Promise<unknown>;
  put(key: string, value: unknown, keep?: Keep): Promise<void>;
  delete(key: string, options?: Pick<Keep, 'durable'>): Promise<void>;
  /**
   * Reads `keys`, calls `decide` with their values (`undefined` where absent), and applies its writes, all in one
   * transaction. `decide` must be pure: a distributed store may call it again.
   */
  update<T>(keys: readonly string[], decide: (current: readonly unknown[]) => Decision<T>): Promise<T>;
  /**
   * Removes all keys with a prefix. It may look at every key of the store, so only the fault routes use it. Keys that are
   * written at the same time may stay.
   */
  deleteAll(prefix: string): Promise<void>;
  close(): Promise<void>;
}
