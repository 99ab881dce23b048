import { followJournal, type JournalSource } from './follow-journal.ts';
import { entriesAfter, eventOf, positionOf, type KeeperEvent, type JournalPosition } from './keeper-event.ts';

/** Chromium's Performance panel draws these on a track of their own (https://developer.chrome.com/docs/devtools/performance/extension). */
const TRACK = { devtools: { dataType: 'track-entry', track: 'Session Keeper' } } as const;

const PREFIX = 'session-keeper:';
const RESTORE = `${PREFIX}restore`;

const nameOf = (event: KeeperEvent): string => {
  switch (event.type) {
    case 'state':
    case 'network':
      return `${event.type}:${event.state}`;
    case 'tabs':
      return `tabs:${event.count}`;
    case 'socket':
      return `socket:${event.name}`;
    case 'session':
      return `session:${event.name}`;
    case 'other':
      return `${event.machine}:${event.name}`;
  }
};

/**
 * Puts the events of the keeper on the page's performance timeline, as marks `session-keeper:…`. A refresh, and the time
 * until the session was known, are measures: `session-keeper:refresh` and `session-keeper:restore`. Returns the function
 * that stops it.
 *
 * @example
 * import { connect } from 'session-keeper';
 * import { markPerformance } from 'session-keeper/telemetry';
 * markPerformance(await connect({ worker: '/sw.js' }));
 */
export const markPerformance = (keeper: JournalSource): (() => void) => {
  const stopped = new AbortController();
  const stopRestore = keeper.subscribe(({ session }) => {
    if (session.state === 'starting' || performance.getEntriesByName(RESTORE).length > 0) return;
    performance.measure(RESTORE, { start: 0, end: performance.now(), detail: TRACK });
  });
  let last: JournalPosition = { id: '', at: performance.timeOrigin };
  let refreshing: number | undefined;
  const mark = (event: KeeperEvent): void => {
    const startTime = Math.max(0, event.at - performance.timeOrigin);
    performance.mark(`${PREFIX}${nameOf(event)}`, { startTime, detail: event });
    if (event.type !== 'state') return;
    if (event.state === 'refreshing') refreshing ??= startTime;
    else if (refreshing !== undefined && event.state !== 'saving') {
      performance.measure(`${PREFIX}refresh`, { start: refreshing, end: startTime, detail: TRACK });
      refreshing = undefined;
    }
  };
  followJournal(keeper, stopped.signal, (journal) => {
    const entries = entriesAfter(journal, last);
    const newest = entries.at(-1);
    if (newest) last = positionOf(newest);
    for (const entry of entries) {
      const event = eventOf(entry);
      if (event) mark(event);
    }
  });
  return () => {
    stopRestore();
    stopped.abort();
  };
};
