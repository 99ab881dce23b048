import { createSystemClock } from '../base/server-clock.ts';
import type { OrderedStore, Range } from '../base/lmdb-store.ts';
import type { Entry, Write } from '../base/store.ts';
import { createLmdbStorage } from '../storage/lmdb-storage.ts';
import type { SiteStore } from './site-store.ts';

/** How often expired entries leave the memory. Reads ignore them at once. */
const SWEEP_EVERY_MS = 60_000;

type Row = { value: unknown; expiresAt: number };

/** The order of lmdb: by bytes, not by UTF-16 units. */
const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** The rows of the embedded store, in memory. `now`: ms since the Unix epoch. */
export const createMemoryRows = (now: () => number): OrderedStore => {
  const rows = new Map<string, Row>();
  const read = (key: string): unknown => {
    const row = rows.get(key);
    // A copy, because a caller of another store may change what it gets.
    return row && now() < row.expiresAt ? structuredClone(row.value) : undefined;
  };
  const apply = (write: Write): void => {
    if ('remove' in write) return void rows.delete(write.key);
    const expiresAt = write.ttlMs === undefined ? Infinity : now() + write.ttlMs;
    rows.set(write.key, { value: structuredClone(write.value), expiresAt });
  };
  const timer = setInterval(() => {
    for (const [key, { expiresAt }] of rows) if (expiresAt <= now()) rows.delete(key);
  }, SWEEP_EVERY_MS).unref();

  return {
    get: async (key) => read(key),
    put: async (key, value, keep) => apply({ key, value, ...keep }),
    delete: async (key) => apply({ key, remove: true }),
    async list(prefix, { after, limit = Infinity }: Range = {}) {
      const keys = [...rows.keys()].filter(
        (key) => key.startsWith(prefix) && (after === undefined || byBytes(key, after) > 0),
      );
      const found: Entry[] = [];
      for (const key of keys.toSorted(byBytes)) {
        const value = read(key);
        if (value !== undefined && found.length < limit) found.push({ key, value });
      }
      return found;
    },
    // Nothing runs in between: this process has one thread.
    async update(keys, decide) {
      const { result, writes } = decide(keys.map(read));
      for (const write of writes ?? []) apply(write);
      return result;
    },
    async deleteAll(prefix) {
      for (const key of rows.keys()) if (key.startsWith(prefix)) rows.delete(key);
    },
    async close() {
      clearInterval(timer);
      rows.clear();
    },
  };
};

/**
 * A store in the memory of this process, for tests and for development. A restart loses it: tickets, and the histories of
 * topics. Use `lmdbStore` in production.
 *
 * @example
 * import { createTickets, memoryStore } from 'session-keeper/server';
 * const tickets = createTickets({ store: memoryStore() });
 */
export const memoryStore = (): SiteStore => {
  const rows = createMemoryRows(createSystemClock().now);
  return { ...createLmdbStorage(rows), close: () => rows.close() };
};
