import { object, string, type Infer } from './schema/schema.ts';
import { count } from './schema/schema-types.ts';

/** A place in a topic's history. The reader has all messages of `epoch` up to `offset`, inclusive. */
export const CURSOR = object({ epoch: string, offset: count });
export type Cursor = Infer<typeof CURSOR>;

/** Offsets that are gone. `to` = 0: no one knows how many, because the topic has a new history. */
export type MissingRange = { from: number; to: number };

/** Whether a reader at `cursor` already has this offset. */
export const hasRead = (cursor: Cursor, epoch: string, offset: number): boolean =>
  cursor.epoch === epoch && offset <= cursor.offset;

/** What a reader at `cursor` misses if `offset` is the next one that it gets. `undefined` if it misses nothing. */
export const missingBefore = (cursor: Cursor, epoch: string, offset: number): MissingRange | undefined => {
  const from = cursor.offset + 1;
  if (cursor.epoch !== epoch) return { from, to: 0 };
  return offset > from ? { from, to: offset - 1 } : undefined;
};

/** Maximum length of the JSON that a browser profile publishes about itself in a topic, in UTF-16 units. */
export const MAX_STATE_LENGTH = 1_024;
