import type { JournalEntry } from '../../protocol/bridge.ts';
import type { Snapshot } from '../../protocol/snapshot.ts';

const FORMAT = 'session-keeper-timeline';
const VERSION = 1;

/** A timeline as it is saved and sent. It names nobody, and holds no token: entries never do, and are looked at again. */
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

/** Longer runs of such characters could be a secret; ids of ours are shorter, or have a field of their own. */
const OPAQUE = /[\w~-]{24,}(?:\.[\w~-]+)*/g;
/** Anything behind a question mark or a hash may be one. */
const QUERY = /[?#]\S*/g;

/** The journal is written from harmless fields only; should one of them ever not be, it does not leave in a file. */
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

/** Files of strangers are looked at too, so they are bounded. */
export const MAX_FILE_BYTES = 20_000_000;
const MAX_FILE_ENTRIES = 100_000;
const MAX_TEXT_LENGTH = 1_000;

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

const at = (value: object, name: string): unknown =>
  Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;

const textAt = (value: object, name: string): string | undefined => {
  const found = at(value, name);
  return typeof found === 'string' && found.length <= MAX_TEXT_LENGTH ? found : undefined;
};

/** Beyond this a `Date` cannot name the moment. */
const LAST_MOMENT_MS = 8.64e15;

const parseEntry = (value: unknown): JournalEntry | undefined => {
  if (!isObject(value)) return undefined;
  const moment = at(value, 'at');
  const [worker, machine, what] = [textAt(value, 'worker'), textAt(value, 'machine'), textAt(value, 'what')];
  if (typeof moment !== 'number' || !(Math.abs(moment) <= LAST_MOMENT_MS)) return undefined;
  if (worker === undefined || machine === undefined || what === undefined) return undefined;
  return { at: moment, worker, machine, what, detail: textAt(value, 'detail') };
};

const parseJson = (text: string): unknown => {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    return undefined;
  }
};

/** `undefined`: not a timeline. Single entries that are none are left out. */
export const parseTimelineFile = (text: string): readonly JournalEntry[] | undefined => {
  const value = parseJson(text);
  if (!isObject(value) || at(value, 'format') !== FORMAT || at(value, 'version') !== VERSION) return undefined;
  const entries = at(value, 'entries');
  if (!Array.isArray(entries) || entries.length > MAX_FILE_ENTRIES) return undefined;
  return entries.map(parseEntry).filter((entry) => entry !== undefined);
};
