import type { JournalEntry } from '../../protocol/bridge/calls.ts';
import { REQUEST } from './entries.ts';

const KINDS: readonly string[] = ['fetch', 'xmlhttprequest'];
const MAX_REQUESTS = 5_000;

/** Without the query, which may contain a secret. */
const pathOf = (address: string): string => {
  const url = new URL(address);
  return url.origin === location.origin ? url.pathname : url.origin + url.pathname;
};

const entryOf = (timing: PerformanceResourceTiming): JournalEntry => ({
  at: Math.round(performance.timeOrigin + timing.startTime),
  worker: '',
  machine: REQUEST,
  what: String(timing.responseStatus),
  detail: `at=${pathOf(timing.name)} ms=${Math.round(timing.duration)}`,
});

/** The requests of this page, from the browser's resource timing, because the worker's journal leaves most of them out. */
export const watchRequests = (changed: () => void): { entries(): readonly JournalEntry[]; stop(): void } => {
  let entries: readonly JournalEntry[] = [];
  const observer = new PerformanceObserver((list) => {
    const found = list
      .getEntries()
      .filter((entry) => entry instanceof PerformanceResourceTiming)
      .filter(({ initiatorType }) => KINDS.includes(initiatorType))
      .map(entryOf);
    if (found.length === 0) return;
    entries = [...entries, ...found].slice(-MAX_REQUESTS);
    changed();
  });
  observer.observe({ type: 'resource', buffered: true });
  return { entries: () => entries, stop: () => observer.disconnect() };
};
