import { isObject, own } from '../../protocol/schema/json.ts';
import { JOURNAL_ENTRY, type JournalEntry } from '../../protocol/bridge/calls.ts';
import { list } from '../../protocol/schema/schema-types.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Disk } from './database.ts';

/** What happened, for people who ask why. It holds named, harmless fields only, so no token can get into it. */
export type Journal = {
  write(machine: string, what: string, detail?: string): void;
  read(): Promise<readonly JournalEntry[]>;
};

export const STORED_JOURNAL = list(JOURNAL_ENTRY);

const MAX_ENTRIES = 1_000;
const FLUSH_AFTER_MS = 100;

export const createJournal = (disk: Disk, clock: Clock, worker: string): Journal => {
  let unwritten: JournalEntry[] = [];
  let flushing: (() => void) | undefined;

  const flush = async (): Promise<void> => {
    flushing = undefined;
    const batch = unwritten;
    unwritten = [];
    await disk
      .use(async (db) => {
        const tx = db.transaction('journal', 'readwrite', { durability: 'relaxed' });
        for (const entry of batch) void tx.store.add(entry);
        const last = (await tx.store.openKeyCursor(null, 'prev'))?.key ?? 0;
        if (last > MAX_ENTRIES) void tx.store.delete(IDBKeyRange.upperBound(last - MAX_ENTRIES));
        await tx.done;
      })
      // A disk that fails must not disturb the session. The entries stay in memory while this worker lives.
      .catch(() => (unwritten = [...batch, ...unwritten].slice(-MAX_ENTRIES)));
  };

  return {
    write(machine, what, detail) {
      unwritten.push({ at: clock.now(), worker, machine, what, detail });
      flushing ??= clock.schedule(clock.now() + FLUSH_AFTER_MS, () => void flush());
    },
    async read() {
      const stored = await disk.use((db) => db.getAll('journal')).catch(() => undefined);
      return [...(STORED_JOURNAL.read(stored) ?? []), ...unwritten].slice(-MAX_ENTRIES);
    },
  };
};

const HARMLESS_FIELDS = ['call', 'generation', 'id', 'cause', 'kind', 'reason', 'unanswered'] as const;
const PROBLEM_FIELDS = ['code', 'at', 'status', 'error', 'detail'] as const;

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
  const problem = isObject(value) ? own(value, 'problem') : undefined;
  return [...fieldsOf(value, HARMLESS_FIELDS), ...fieldsOf(problem, PROBLEM_FIELDS)].join(' ') || undefined;
};
