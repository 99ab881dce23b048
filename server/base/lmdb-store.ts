import { open, type RootDatabase, type Database } from 'lmdb';
import { number, object, unknown, type Infer } from '../../src/protocol/schema/schema.ts';
import { optional } from '../../src/protocol/schema/schema-types.ts';
import { createSystemClock } from './server-clock.ts';
import type { Entry, Store, Write } from './store.ts';

/** Reads ignore expired entries at once. The next sweep removes them from the disk. */
const SWEEP_EVERY_MS = 60_000;
const SWEEP_BATCH = 1_000;

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

class LmdbStore implements Store {
  readonly #root: RootDatabase;
  readonly #entries: Database;
  /** `[expiresAt, key]` → true, so that a sweep reads only expired entries. */
  readonly #expiry: Database;
  readonly #timer: NodeJS.Timeout;

  readonly #now: () => number;

  constructor(path: string, now: () => number) {
    this.#now = now;
    // By default lmdb takes a path with a dot in its last part for a file: `data.d`, `app-1.0`.
    this.#root = open({ path, maxDbs: 2, noSubdir: false });
    this.#entries = this.#root.openDB({ name: 'entries' });
    this.#expiry = this.#root.openDB({ name: 'expiry' });
    this.#timer = setInterval(() => void this.sweep(), SWEEP_EVERY_MS).unref();
  }

  async get(key: string): Promise<unknown> {
    return openEnvelope(this.#entries.get(key), this.#now());
  }

  async put(key: string, value: unknown, ttlMs?: number): Promise<void> {
    await this.#root.transaction(() => this.#apply({ key, value, ttlMs }));
  }

  async delete(key: string): Promise<void> {
    await this.#root.transaction(() => this.#apply({ key, remove: true }));
  }

  async list(prefix: string, range: { after?: string | undefined; limit?: number | undefined } = {}): Promise<Entry[]> {
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
    return this.#root.transaction(() => {
      const now = this.#now();
      const decision = decide(keys.map((key) => openEnvelope(this.#entries.get(key), now)));
      for (const write of decision.writes ?? []) this.#apply(write);
      return decision.result;
    });
  }

  /** Removes expired entries. Returns how many. */
  async sweep(): Promise<number> {
    return this.#root.transaction(() => {
      const now = this.#now();
      let removed = 0;
      for (const row of [...this.#expiry.getKeys({ end: [now + 1], limit: SWEEP_BATCH })]) {
        const key = Array.isArray(row) ? String(row[1]) : '';
        this.#expiry.removeSync(row);
        // A later write may have extended the entry; its new expiry has a row of its own.
        if (openEnvelope(this.#entries.get(key), now) === undefined && this.#entries.removeSync(key)) removed += 1;
      }
      return removed;
    });
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#root.flushed;
    await this.#root.close();
  }

  #apply(write: Write): void {
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

/** Opens or creates the store in a folder of its own. `now`: ms since the Unix epoch. Throws if it cannot write there. */
export const openLmdbStore = (path: string, now = createSystemClock().now): Store & { sweep(): Promise<number> } =>
  new LmdbStore(path, now);
