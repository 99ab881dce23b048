import type { JournalEntry } from '../protocol/bridge/calls.ts';
import type { Snapshot } from '../protocol/snapshot.ts';
import type { Keeper } from '../page/types/types.ts';

/** The part of a keeper that telemetry reads. */
export type JournalSource = Pick<Keeper, 'subscribe' | 'journal'>;

/** The worker writes its journal a moment after it sends the snapshot. A burst of changes is read once. */
const READ_AFTER_MS = 500;

/** The parts of a snapshot whose change means new entries. Counters change all the time and are not among them. */
const outlineOf = ({ worker, online, tabs, session, sockets }: Snapshot): string =>
  JSON.stringify([worker.id, online, tabs, session, Object.values(sockets).map(({ state }) => state)]);

/** Calls `onJournal` with the journal after each change, until the signal aborts. */
export const followJournal = (
  keeper: JournalSource,
  signal: AbortSignal,
  onJournal: (journal: readonly JournalEntry[]) => void,
): void => {
  let outline = '';
  let reading: ReturnType<typeof setTimeout> | undefined;
  const read = async (): Promise<void> => {
    reading = undefined;
    const journal = await keeper.journal();
    if (journal.ok && !signal.aborted) onJournal(journal.value);
  };
  const stop = keeper.subscribe((snapshot) => {
    const now = outlineOf(snapshot);
    if (now === outline) return;
    outline = now;
    reading ??= setTimeout(() => void read(), READ_AFTER_MS);
  });
  signal.addEventListener('abort', () => {
    stop();
    clearTimeout(reading);
  });
};
