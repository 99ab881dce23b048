import type { JournalEntry } from '../../protocol/bridge/calls.ts';

/** The machine name of the entries that the page adds for its own requests. `what` is the HTTP status, or 0 without one. */
export const REQUEST = 'request';

/** The app's own scripts, files, keep-alive and fault routes: nothing that its user asked for. */
const OWN = /^\/(?:assets\/|keeper|\.|lab\/|offer\.json$)/;

/** Whether a request, by its path, is one that only the internal steps show. */
export const isOwnRequest = (path: string): boolean => OWN.test(path);

/** The most that a page keeps, even if it is open for weeks. */
const MAX_ENTRIES = 20_000;

/**
 * The worker's journal keeps only the last entries, so a page keeps the earlier ones that it has read. `fresh` is the
 * journal now, `known` are the entries read before; both oldest first.
 */
export const mergeEntries = (
  known: readonly JournalEntry[],
  fresh: readonly JournalEntry[],
): readonly JournalEntry[] => {
  const [first] = fresh;
  if (!first) return known;
  return [...known.filter(({ at }) => at < first.at), ...fresh].slice(-MAX_ENTRIES);
};

/** Journal and requests in one list by time; entries of the same moment keep their order. */
export const sortByTime = (...parts: readonly (readonly JournalEntry[])[]): readonly JournalEntry[] =>
  parts.flat().toSorted((a, b) => a.at - b.at);

/** `code=timeout at=/token` gives `code` → `timeout`, `at` → `/token`. */
export const parseFields = (detail: string | undefined): ReadonlyMap<string, string> =>
  new Map([...(detail ?? '').matchAll(/(\w+)=(\S+)/g)].map(([, name, value]) => [name ?? '', value ?? '']));
