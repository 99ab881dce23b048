import { setTimeout as delay } from 'node:timers/promises';
import { open, type RootDatabase, type Database } from 'lmdb';
import { number, object, unknown, type Infer } from '../../src/protocol/schema/schema.ts';
import { optional } from '../../src/protocol/schema/schema-types.ts';
import { createSystemClock } from './server-clock.ts';
import { StoreUnavailable, type Entry, type Keep, type Store, type Write } from './store.ts';

/** Reads ignore expired entries at once. The next sweep removes them from the disk. */
const SWEEP_EVERY_MS = 60_000;
/** Rows of one transaction, so that a request waits for a few milliseconds at most. */
const SWEEP_SLICE = 250;
/** After a failed commit, writes fail at once for this long: a full disk must not cost an attempt for each request. */
const FAILED_PAUSE_MS = 250;
/** `flushed` never resolves after a failed commit (lmdb 3.5, write.js). */
const FLUSH_WITHIN_MS = 1_000;
const DELETE_BATCH = 500;

export type Range = {
  /** Only keys after this one (exclusive), in UTF-8 byte order. */
  after?: string | undefined;
  limit?: number | undefined;
};

/** A store whose keys have an order. */
export interface OrderedStore extends Store {
  list(prefix: string, range?: Range): Promise<Entry[]>;
}

/** Record on disk. `v`: the value. `x`: when it expires (ms since the Unix epoch; absent: never). */
export const ENVELOPE = object({ v: unknown, x: optional(number) });
type Envelope = Infer<typeof ENVELOPE>;

const openEnvelope = (stored: unknown, now: number): unknown => {
  const envelope = ENVELOPE.read(stored);
  return envelope && now < (envelope.x ?? Infinity) ? envelope.v : undefined;
};

/**
 * Upper bound of all keys with a prefix. Keys sort by their bytes, and U+10FFFF, the greatest code point, is a
 * noncharacter that no key contains.
 */
const endOf = (prefix: string): string => `${prefix}\u{10FFFF}`;

/** lmdb rejects with an error that carries the reason as another promise, which rejects too. */
const hasCommitError = (error: unknown): error is Error & { commitError: Promise<unknown> } =>
  error instanceof Error && 'commitError' in error && error.commitError instanceof Promise;

export type LmdbStoreOptions = {
  /** ms since the Unix epoch. Default: the system's time, until that jumps. */
  now?: () => number;
  /** Whether expired entries may be removed now. */
  maySweep?: () => boolean;
  /** Throws when the files are not to be used any more. Runs before each use. */
  check?: (use: 'read' | 'write') => void;
};

class LmdbStore implements OrderedStore {
  readonly #root: RootDatabase;
  readonly #entries: Database;
  /** `[expiresAt, key]` → true, so that a sweep reads only expired entries. */
  readonly #expiry: Database;
  readonly #timer: NodeJS.Timeout;

  readonly #now: () => number;
  readonly #maySweep: () => boolean;
  readonly #check: (use: 'read' | 'write') => void;
  #failedAt = Number.NEGATIVE_INFINITY;
  #sweeping: Promise<number> | undefined;
  #isClosing = false;

  constructor(
    path: string,
    { now = createSystemClock().now, maySweep = () => true, check = () => undefined }: LmdbStoreOptions,
  ) {
    this.#check = check;
    this.#now = now;
    this.#maySweep = maySweep;
    // With batches of its own, lmdb rejects a promise that no caller has when a commit fails (write.js, `writeBatchStart`).
    // By default lmdb takes a path with a dot in its last part for a file: `data.d`, `app-1.0`.
    this.#root = open({ path, maxDbs: 2, noSubdir: false, eventTurnBatching: false });
    this.#entries = this.#root.openDB({ name: 'entries' });
    this.#expiry = this.#root.openDB({ name: 'expiry' });
    this.#timer = setInterval(() => void this.sweep().catch(() => undefined), SWEEP_EVERY_MS).unref();
  }

  async get(key: string): Promise<unknown> {
    this.#check('read');
    return openEnvelope(this.#entries.get(key), this.#now());
  }

  async put(key: string, value: unknown, { ttlMs }: Keep = {}): Promise<void> {
    await this.#commit(() => this.#apply({ key, value, ttlMs }, this.#entries.get(key)));
  }

  async delete(key: string): Promise<void> {
    await this.#commit(() => this.#apply({ key, remove: true }, this.#entries.get(key)));
  }

  async list(prefix: string, range: Range = {}): Promise<Entry[]> {
    this.#check('read');
    const now = this.#now();
    const found: Entry[] = [];
    const limit = range.limit ?? Number.POSITIVE_INFINITY;
    const start = range.after ?? prefix;
    const rows = this.#entries.getRange({ start, end: endOf(prefix), exclusiveStart: range.after !== undefined });
    for (const { key, value } of rows) {
      if (found.length >= limit) break;
      const opened = openEnvelope(value, now);
      if (opened !== undefined) found.push({ key: String(key), value: opened });
    }
    return found;
  }

  async update<T>(
    keys: readonly string[],
    decide: (current: readonly unknown[]) => { result: T; writes?: readonly Write[] },
  ): Promise<T> {
    return this.#commit(() => {
      const now = this.#now();
      const found = keys.map((key): unknown => this.#entries.get(key));
      const decision = decide(found.map((stored) => openEnvelope(stored, now)));
      for (const write of decision.writes ?? []) {
        const place = keys.indexOf(write.key);
        this.#apply(write, place < 0 ? this.#entries.get(write.key) : found[place]);
      }
      return decision.result;
    });
  }

  /** The first entry that cannot be read, if any. Reads all of them. */
  findDamagedEntry(): string | undefined {
    let last = '';
    try {
      for (const { key, value } of this.#entries.getRange()) {
        last = String(key);
        if (!ENVELOPE.read(value)) return last;
      }
      return undefined;
    } catch {
      return `that after ${last}`;
    }
  }

  /** Removes all expired entries, in slices. Returns how many. */
  sweep(): Promise<number> {
    return (this.#sweeping ??= this.#sweepAll().finally(() => {
      this.#sweeping = undefined;
    }));
  }

  async #sweepAll(): Promise<number> {
    let removed = 0;
    while (!this.#isClosing && this.#maySweep()) {
      const slice = await this.#commit(() => this.#sweepSlice());
      removed += slice.removed;
      if (slice.rows < SWEEP_SLICE) break;
    }
    return removed;
  }

  #sweepSlice(): { rows: number; removed: number } {
    const now = this.#now();
    const rows = [...this.#expiry.getKeys({ end: [now + 1], limit: SWEEP_SLICE })];
    let removed = 0;
    for (const row of rows) {
      const key = Array.isArray(row) ? String(row[1]) : '';
      this.#expiry.removeSync(row);
      // A later write may have extended the entry; its new expiry has a row of its own.
      if (openEnvelope(this.#entries.get(key), now) === undefined && this.#entries.removeSync(key)) removed += 1;
    }
    return { rows: rows.length, removed };
  }

  async deleteAll(prefix: string): Promise<void> {
    for (;;) {
      const entries = await this.list(prefix, { limit: DELETE_BATCH });
      if (entries.length === 0) return;
      await this.#commit(() => {
        for (const { key } of entries) this.#apply({ key, remove: true }, this.#entries.get(key));
      });
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#isClosing = true;
    await this.#sweeping?.catch(() => undefined);
    await Promise.race([this.#root.flushed, delay(FLUSH_WITHIN_MS, undefined, { ref: false })]);
    await this.#root.close();
  }

  /** Runs a transaction. A failed commit changes nothing, and must not end the process: lmdb leaves its reason unhandled. */
  async #commit<T>(work: () => T): Promise<T> {
    this.#check('write');
    if (performance.now() - this.#failedAt < FAILED_PAUSE_MS) throw new StoreUnavailable('The last write failed.');
    try {
      return await this.#root.transaction(work);
    } catch (error) {
      if (!hasCommitError(error)) throw error;
      void error.commitError.catch(() => undefined);
      this.#failedAt = performance.now();
      throw new StoreUnavailable('The data folder cannot be written.', 1, { cause: error });
    }
  }

  /** `stored`: the row before the write. */
  #apply(write: Write, stored: unknown): void {
    // Otherwise a row that is written again and again leaves one row of expiry each time, for as long as it lives.
    const former = ENVELOPE.read(stored);
    if (former?.x !== undefined) this.#expiry.removeSync([former.x, write.key]);
    if ('remove' in write) {
      this.#entries.removeSync(write.key);
      return;
    }
    const envelope: Envelope = { v: write.value };
    if (write.ttlMs !== undefined) {
      envelope.x = this.#now() + write.ttlMs;
      this.#expiry.putSync([envelope.x, write.key], true);
    }
    this.#entries.putSync(write.key, envelope);
  }
}

/** Opens or creates the store in a folder of its own. Throws if it cannot write there. */
export const openLmdbStore = (
  path: string,
  options: LmdbStoreOptions = {},
): OrderedStore & Pick<LmdbStore, 'sweep' | 'findDamagedEntry'> => new LmdbStore(path, options);
