import type { JournalEntry } from '../../protocol/bridge.ts';

/** Machine of an entry that the page itself adds: a request that it made. `what` is the HTTP status, or 0. */
export const REQUEST = 'request';

/** More than this is not kept on a page that is open for weeks. */
const MAX_ENTRIES = 20_000;

/**
 * The journal keeps the last entries only; a page that is open for longer remembers the earlier ones. `fresh` is the
 * journal as it is now, `known` what was read before; both oldest first.
 */
export const mergeEntries = (
  known: readonly JournalEntry[],
  fresh: readonly JournalEntry[],
): readonly JournalEntry[] => {
  const [first] = fresh;
  if (!first) return known;
  return [...known.filter(({ at }) => at < first.at), ...fresh].slice(-MAX_ENTRIES);
};

/** Journal and requests in one order. A clock that was set back must not turn the order of one worker's entries. */
export const sortByTime = (...parts: readonly (readonly JournalEntry[])[]): readonly JournalEntry[] =>
  parts.flat().toSorted((a, b) => a.at - b.at);

/** `code=timeout at=/token` → `{ code: 'timeout', at: '/token' }`. */
export const parseFields = (detail: string | undefined): ReadonlyMap<string, string> =>
  new Map([...(detail ?? '').matchAll(/(\w+)=(\S+)/g)].map(([, name, value]) => [name ?? '', value ?? '']));
