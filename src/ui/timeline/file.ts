import type { JournalEntry } from '../../protocol/bridge/calls.ts';
import { isObject, numberAt, own, parseJson, stringAt, type JsonObject } from '../../protocol/schema/json.ts';
import type { Snapshot } from '../../protocol/snapshot.ts';

const FORMAT = 'session-keeper-timeline';
const VERSION = 1;

/** A saved timeline. It names no user and contains no token: the worker writes none, and `redact` checks again. */
export type TimelineFile = {
  format: typeof FORMAT;
  version: typeof VERSION;
  /** ISO 8601. */
  savedAt: string;
  build: string;
  tier: string;
  durability: string;
  entries: readonly JournalEntry[];
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
  format: FORMAT,
  version: VERSION,
  savedAt: new Date(now).toISOString(),
  build,
  tier,
  durability,
  entries: entries.map(redact),
});

/** A file may come from anyone, so its size is limited. */
export const MAX_FILE_BYTES = 20_000_000;
const MAX_FILE_ENTRIES = 100_000;
const MAX_TEXT_LENGTH = 1_000;

const textAt = (value: JsonObject, name: string): string | undefined => {
  const found = stringAt(value, name);
  return found !== undefined && found.length <= MAX_TEXT_LENGTH ? found : undefined;
};

/** The largest time that a `Date` can hold (https://tc39.es/ecma262/#sec-time-values-and-time-range). */
const LAST_MOMENT_MS = 8.64e15;

const parseEntry = (value: unknown): JournalEntry | undefined => {
  if (!isObject(value)) return undefined;
  const at = numberAt(value, 'at');
  const [worker, machine, what] = [textAt(value, 'worker'), textAt(value, 'machine'), textAt(value, 'what')];
  if (at === undefined || Math.abs(at) > LAST_MOMENT_MS) return undefined;
  if (worker === undefined || machine === undefined || what === undefined) return undefined;
  return { at, worker, machine, what, detail: textAt(value, 'detail') };
};

/** `undefined`: not a timeline. Malformed entries are left out. */
export const parseTimelineFile = (text: string): readonly JournalEntry[] | undefined => {
  const value = parseJson(text);
  if (!isObject(value) || own(value, 'format') !== FORMAT || own(value, 'version') !== VERSION) return undefined;
  const entries = own(value, 'entries');
  if (!Array.isArray(entries) || entries.length > MAX_FILE_ENTRIES) return undefined;
  return entries.map(parseEntry).filter((entry) => entry !== undefined);
};
