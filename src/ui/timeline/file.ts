import type { JournalEntry } from '../../protocol/bridge/calls.ts';
import { parseJson } from '../../protocol/schema/json.ts';
import { object, string, unknown, type Infer } from '../../protocol/schema/schema.ts';
import { array, list, numberIn, oneOf, optional, stringIn } from '../../protocol/schema/schema-types.ts';
import type { Snapshot } from '../../protocol/snapshot.ts';
import { appStrings } from '../strings/app-strings.ts';
import { entryText, laneKindOf, rawEntry } from './entry-text.ts';

/** A file may come from anyone, so its size is limited. */
export const MAX_FILE_BYTES = 20_000_000;
const MAX_FILE_ENTRIES = 100_000;
/** In UTF-16 units. */
const TEXT = stringIn(0, 1_000);
/** The largest time that a `Date` can hold (https://tc39.es/ecma262/#sec-time-values-and-time-range). */
const LAST_MOMENT_MS = 8.64e15;

export const TIMELINE_VERSION = 1;

/** A saved timeline. It names no user and contains no token: the worker writes none, and `redact` checks again. */
export const TIMELINE_FILE = object({
  format: oneOf('session-keeper-timeline'),
  version: oneOf(TIMELINE_VERSION),
  /** ISO 8601. */
  savedAt: optional(string),
  build: optional(string),
  tier: optional(string),
  durability: optional(string),
  entries: array(unknown, MAX_FILE_ENTRIES),
});

/** As `JOURNAL_ENTRY`, with limits. */
export const TIMELINE_ENTRIES = list(
  object({
    at: numberIn(-LAST_MOMENT_MS, LAST_MOMENT_MS),
    worker: TEXT,
    machine: TEXT,
    what: TEXT,
    detail: optional(TEXT),
  }),
);

export type TimelineFile = Required<Omit<Infer<typeof TIMELINE_FILE>, 'entries'>> & {
  entries: Infer<typeof TIMELINE_ENTRIES>;
};

/** A run of such characters could be a secret. This app's ids are shorter, or have a field of their own. */
const OPAQUE = /[\w~-]{24,}(?:\.[\w~-]+)*/g;
/** A query or fragment may contain a secret too. */
const QUERY = /[?#]\S*/g;

/** The worker writes only fields without secrets. Should one slip through, it does not leave in a file. */
const redact = (entry: JournalEntry): JournalEntry => ({
  ...entry,
  detail: entry.detail?.replace(QUERY, '?…').replace(OPAQUE, '…'),
});

export const timelineFile = (
  entries: readonly JournalEntry[],
  { build, tier, durability }: Pick<Snapshot, 'build' | 'tier' | 'durability'>,
  now: number,
): TimelineFile => ({
  format: 'session-keeper-timeline',
  version: TIMELINE_VERSION,
  savedAt: new Date(now).toISOString(),
  build,
  tier,
  durability,
  entries: entries.map(redact),
});

/** `undefined`: not a timeline. Malformed entries are left out. */
export const parseTimelineFile = (text: string): readonly JournalEntry[] | undefined =>
  TIMELINE_ENTRIES.read(TIMELINE_FILE.read(parseJson(text))?.entries);

/**
 * One line for each entry, for a chat or a ticket: time (ISO 8601, so that readers in other time zones agree), lane, sentence,
 * and the entry as the worker wrote it. Tabs between the fields, so that a spreadsheet reads them too.
 */
export const timelineText = (entries: readonly JournalEntry[]): string =>
  entries
    .map(redact)
    .map((entry) => {
      const kind = laneKindOf(entry);
      const lane = kind ? appStrings().lane[kind] : '';
      return [new Date(entry.at).toISOString(), lane, entryText(entry)?.text ?? '', rawEntry(entry)].join('\t');
    })
    .join('\n');
