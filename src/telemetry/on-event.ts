import type { JournalEntry } from '../protocol/bridge/calls.ts';
import { followJournal, type JournalSource } from './follow-journal.ts';
import { entriesAfter, eventOf, positionOf, type KeeperEvent } from './keeper-event.ts';
import { reportedStore } from './reported.ts';

/** Options of `onEvent`. All are optional. */
export type OnEventOptions = {
  /** Share of browsers that report, from 0 to 1. A browser is in the sample or not, for all its sessions. Default 1. */
  sampleRate?: number;
  /** Events that every browser reports. Default: a state `signed-out`, because you want to know each of them. */
  always?: (event: KeeperEvent) => boolean;
  /** Two keepers on one origin need a name each. */
  name?: string;
  /** Default `Math.random`. */
  random?: () => number;
};

const isEnd = (event: KeeperEvent): boolean => event.type === 'state' && event.state === 'signed-out';

/** Calls `work` in one tab at a time, so that several tabs do not report the same. Without locks it just calls it. */
const inOneTab = (name: string, signal: AbortSignal, work: () => void): void => {
  const locks = globalThis.navigator?.locks as LockManager | undefined;
  if (!locks) return work();
  const untilStopped = (): Promise<void> =>
    new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve());
      work();
    });
  const held = locks.request(`session-keeper-telemetry:${name}`, { signal }, untilStopped);
  held.catch((error: unknown) => signal.aborted || reportError(error));
};

/** The page's telemetry must not stop the reports after it. */
const deliver = (listener: (event: KeeperEvent) => void, event: KeeperEvent): void => {
  try {
    listener(event);
  } catch (error) {
    reportError(error);
  }
};

/**
 * Calls `listener` with what happens to the session, the sockets and the network: the entries of the journal, once each,
 * from one tab at a time, and also those from between two pages. No event holds a token. Returns the function that stops
 * it.
 *
 * @example
 * import { connect } from 'session-keeper';
 * import { onEvent } from 'session-keeper/telemetry';
 * const keeper = await connect({ worker: '/sw.js' });
 * onEvent(keeper, (event) => navigator.sendBeacon('/telemetry', JSON.stringify(event)), { sampleRate: 0.1 });
 */
export const onEvent = (
  keeper: JournalSource,
  listener: (event: KeeperEvent) => void,
  { sampleRate = 1, always = isEnd, name = '', random = Math.random }: OnEventOptions = {},
): (() => void) => {
  const stopped = new AbortController();
  const { signal } = stopped;
  const store = reportedStore(name);
  const report = (journal: readonly JournalEntry[]): void => {
    const { draw, ...last } = store.load() ?? { id: '', at: performance.timeOrigin - 1, draw: random() };
    const entries = entriesAfter(journal, last);
    const newest = entries.at(-1);
    // Saved first: a page that ends now must not report them again.
    if (newest) store.save({ ...positionOf(newest), draw });
    for (const entry of entries) {
      const event = eventOf(entry);
      if (event && (draw < sampleRate || always(event))) deliver(listener, event);
    }
  };
  inOneTab(name, signal, () => followJournal(keeper, signal, report));
  return () => stopped.abort();
};
