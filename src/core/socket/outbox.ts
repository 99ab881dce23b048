import { failed, ok, type Problem, type Result } from '../../protocol/problem.ts';
import { object, string, type Infer } from '../../protocol/schema/schema.ts';

/** A publication that the server has not acknowledged. `json` is its data, serialized once. */
export const OUTBOX_ITEM = object({
  /** Chosen by the page. The server detects a repeated publication by it. */
  id: string,
  topic: string,
  json: string,
  /** `sub` of the user who published it; empty if that was not known yet. */
  owner: string,
});
export type OutboxItem = Infer<typeof OUTBOX_ITEM>;

export const OUTBOX_MAX_ITEMS = 1_000;
export const OUTBOX_MAX_BYTES = 1_000_000;

/** Length in UTF-8. */
export const byteLength = (text: string): number => {
  let bytes = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    // A surrogate pair is four bytes of UTF-8: two for each half.
    bytes += unit < 0x80 ? 1 : unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 2 : 3;
  }
  return bytes;
};

/** Sends `undefined` as `null`, as JSON does in arrays. Data that JSON cannot represent gives a problem. */
export const outboxItem = (id: string, topic: string, data: unknown, owner: string): Result<OutboxItem> => {
  try {
    return ok({ id, topic, json: JSON.stringify(data) ?? 'null', owner });
  } catch {
    return failed({ code: 'bad-message', detail: 'data is not JSON' });
  }
};

export type Outbox = {
  readonly size: number;
  readonly bytes: number;
  has(id: string): boolean;
  /** Appends an item. Returns a problem if the outbox has too many items or bytes of UTF-8. */
  add(item: OutboxItem): Problem | undefined;
  /** The item is on the disk from now on, so it may be sent. */
  saved(id: string): OutboxItem | undefined;
  remove(id: string): boolean;
  /** The items that may be sent for this user, in the order of publication. */
  sendable(owner: string | undefined): readonly OutboxItem[];
  /** Removes items and returns their ids. */
  removeWhere(test: (item: OutboxItem) => boolean): readonly string[];
};

type Entry = { item: OutboxItem; bytes: number; state: 'saving' | 'saved' };

export const mayBeSentBy = ({ owner }: OutboxItem, user: string | undefined): boolean => owner === '' || owner === user;

/** Deterministic: the same calls give the same results. A `Map` keeps the order in which its keys were added. */
export const createOutbox = (): Outbox => {
  const entries = new Map<string, Entry>();
  let total = 0;

  const remove = (id: string): boolean => {
    total -= entries.get(id)?.bytes ?? 0;
    return entries.delete(id);
  };

  const itemsWhere = (test: (entry: Entry) => boolean): OutboxItem[] =>
    [...entries.values()].filter(test).map(({ item }) => item);

  return {
    get size() {
      return entries.size;
    },
    get bytes() {
      return total;
    },
    has: (id) => entries.has(id),
    add: (item) => {
      const bytes = byteLength(item.json);
      if (entries.size >= OUTBOX_MAX_ITEMS)
        return { code: 'over-limit', detail: 'outbox-messages', max: OUTBOX_MAX_ITEMS };
      if (total + bytes > OUTBOX_MAX_BYTES)
        return { code: 'over-limit', detail: 'outbox-bytes', max: OUTBOX_MAX_BYTES };
      remove(item.id);
      entries.set(item.id, { item, bytes, state: 'saving' });
      total += bytes;
      return undefined;
    },
    saved: (id) => {
      const entry = entries.get(id);
      if (entry) entry.state = 'saved';
      return entry?.item;
    },
    remove,
    sendable: (owner) => itemsWhere(({ item, state }) => state === 'saved' && mayBeSentBy(item, owner)),
    removeWhere: (test) => {
      const gone = itemsWhere(({ item }) => test(item)).map(({ id }) => id);
      gone.forEach(remove);
      return gone;
    },
  };
};
