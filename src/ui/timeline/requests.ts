import type { JournalEntry } from '../../protocol/bridge.ts';
import { REQUEST } from './entries.ts';

const KINDS: readonly string[] = ['fetch', 'xmlhttprequest'];
/** The page's own requests for its shell are of no interest. */
const OWN = /^\/(?:assets|keeper|\.)/;
const MAX_REQUESTS = 5_000;

/** Paths only: a query may carry a secret. */
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

/** What the browser knows of the requests that this page made. The worker does not write every request down. */
export const watchRequests = (changed: () => void): { entries(): readonly JournalEntry[]; stop(): void } => {
  let entries: readonly JournalEntry[] = [];
  const observer = new PerformanceObserver((list) => {
    const found = list
      .getEntries()
      .filter((entry) => entry instanceof PerformanceResourceTiming)
      .filter(({ initiatorType, name }) => KINDS.includes(initiatorType) && !OWN.test(new URL(name).pathname))
      .map(entryOf);
    if (found.length === 0) return;
    entries = [...entries, ...found].slice(-MAX_REQUESTS);
    changed();
  });
  observer.observe({ type: 'resource', buffered: true });
  return { entries: () => entries, stop: () => observer.disconnect() };
};
