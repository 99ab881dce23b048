import { isObject, own } from '../../protocol/json.ts';
import type { JournalEntry } from '../../protocol/bridge.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Disk } from './database.ts';

/** What happened, for people who ask why. Written from named, harmless fields only; never from a payload as it is. */
export type Journal = {
  write(machine: string, what: string, detail?: string): void;
  read(): Promise<readonly JournalEntry[]>;
};

const KEPT_ENTRIES = 1_000;
const FLUSH_AFTER_MS = 100;

export const createJournal = (disk: Disk, clock: Clock, worker: string): Journal => {
  let fresh: JournalEntry[] = [];
  let flushing: (() => void) | undefined;

  const flush = async (): Promise<void> => {
    flushing = undefined;
    const batch = fresh;
    fresh = [];
    await disk
      .use(async (db) => {
        const tx = db.transaction('journal', 'readwrite', { durability: 'relaxed' });
        for (const entry of batch) void tx.store.add(entry);
        const last = (await tx.store.openKeyCursor(null, 'prev'))?.key ?? 0;
        if (last > KEPT_ENTRIES) void tx.store.delete(IDBKeyRange.upperBound(last - KEPT_ENTRIES));
        await tx.done;
      })
      // A journal that cannot be written must not get in anyone's way; it stays in memory for this worker's life.
      .catch(() => (fresh = [...batch, ...fresh].slice(-KEPT_ENTRIES)));
  };

  return {
    write(machine, what, detail) {
      fresh.push({ at: clock.now(), worker, machine, what, detail });
      flushing ??= clock.at(clock.now() + FLUSH_AFTER_MS, () => void flush());
    },
    async read() {
      const stored = await disk.use((db) => db.getAll('journal')).catch(() => []);
      return [...stored, ...fresh].slice(-KEPT_ENTRIES);
    },
  };
};

const HARMLESS = ['call', 'generation', 'id', 'cause', 'kind', 'reason', 'unanswered', 'go'] as const;
const OF_A_PROBLEM = ['code', 'at', 'status', 'error', 'detail'] as const;

const fieldsOf = (value: unknown, names: readonly string[]): string[] => {
  if (!isObject(value)) return [];
  return names.flatMap((name) => {
    const found = own(value, name);
    const plain = typeof found === 'string' || typeof found === 'number' || typeof found === 'boolean';
    return plain ? [`${name}=${found}`] : [];
  });
};

/** The harmless part of an event or effect: ids, counts and codes. */
export const describe = (value: object): string | undefined => {
  const nested = isObject(value)
    ? [...fieldsOf(own(value, 'problem'), OF_A_PROBLEM), ...fieldsOf(own(value, 'verdict'), HARMLESS)]
    : [];
  return [...fieldsOf(value, HARMLESS), ...nested].join(' ') || undefined;
};
