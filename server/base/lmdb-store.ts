import { open, type RootDatabase, type Database } from 'lmdb';
import { isObject, numberAt, own } from '../../src/protocol/json.ts';
import { systemNow } from './clock.ts';
import type { Entry, Store, Write } from './store.ts';

/** Expired entries are invisible at once and leave the disk with the next sweep. */
const SWEEP_EVERY_MS = 60_000;
const SWEEP_BATCH = 1_000;

/** `v` the value, `x` when it expires (ms since the epoch; absent: never). */
type Envelope = { v: unknown; x?: number };

const openEnvelope = (stored: unknown, now: number): unknown => {
  if (!isObject(stored)) return undefined;
  const expiresAt = numberAt(stored, 'x');
  return expiresAt !== undefined && expiresAt <= now ? undefined : own(stored, 'v');
};

/**
 * Keys sort by their bytes, so all keys of a prefix lie before the prefix followed by the greatest code point.
 * U+10FFFF is a noncharacter and is in none of our keys.
 */
const endOf = (prefix: string): string => `${prefix}\u{10FFFF}`;

class LmdbStore implements Store {
  readonly #root: RootDatabase;
  readonly #entries: Database;
  /** `[expiresAt, key]` → true, so that a sweep reads only what is due. */
  readonly #expiry: Database;
  readonly #timer: NodeJS.Timeout;

  readonly #now: () => number;

  constructor(path: string, now: () => number) {
    this.#now = now;
    this.#root = open({ path, maxDbs: 2 });
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

  /** Removes what has expired; answers how many. */
  async sweep(): Promise<number> {
    return this.#root.transaction(() => {
      const now = this.#now();
      let removed = 0;
      for (const row of [...this.#expiry.getKeys({ end: [now + 1], limit: SWEEP_BATCH })]) {
        const key = Array.isArray(row) ? String(row[1]) : '';
        this.#expiry.removeSync(row);
        // The entry may have been written again with a later end, which has a row of its own.
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

/** Opens (or creates) the store in a folder of its own; `now` in ms. Throws if the folder cannot be written. */
export const openLmdbStore = (path: string, now = systemNow): Store & { sweep(): Promise<number> } =>
  new LmdbStore(path, now);
