import { parseJson } from '../../protocol/schema/json.ts';
import { count, record } from '../../protocol/schema/schema-types.ts';

const COUNTS = record(count);

/** Counts of messages by name of the session, from text that any script of the site may have written. */
export const parseCounts = (text: string): ReadonlyMap<string, number> =>
  new Map(Object.entries(COUNTS.read(parseJson(text)) ?? {}));
