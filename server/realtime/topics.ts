import type { Cursor } from '../../src/protocol/cursor.ts';
import { parseJson } from '../../src/protocol/schema/json.ts';
import { object, string, unknown } from '../../src/protocol/schema/schema.ts';
import { count, optional } from '../../src/protocol/schema/schema-types.ts';
import { digest, loadOrCreateSecret, randomId } from '../base/crypto.ts';
import type { DiskSpace } from '../data-folder/disk-space.ts';
import type { Decision, Store, Write } from '../base/store.ts';

export type PublishedEvent = { owner: string; topic: string; epoch: string; offset: number; data: unknown };

/** `oldest`: the first offset on disk. An empty topic has `offset` 0 and `oldest` 1. */
export type Head = { offset: number; oldest: number };

/** Histories of topics, on disk. A topic belongs to one owner. Offsets start at 1 and only grow. */
export type Topics = {
  /** Identity of the histories. It changes only with a new data folder. */
  readonly epoch: string;
  head(owner: string, topic: string): Promise<Head>;
  /**
   * Stores an event and returns its offset. A repeated `id` is stored once, and returns the first offset. `undefined`: the
   * owner has too many topics to begin another one.
   */
  append(owner: string, topic: string, data: unknown, id?: string): Promise<number | undefined>;
  /** Events after `offset`, oldest first. */
  read(owner: string, topic: string, offset: number, limit: number): Promise<{ offset: number; data: unknown }[]>;
  /** Calls the listener once for each event, after it is on disk. */
  subscribe(listener: (event: PublishedEvent) => void): void;
};

/** Events kept for each topic. */
export const MAX_EVENTS_PER_TOPIC = 10_000;
/** Topics of one owner. Each keeps its history. */
export const MAX_TOPICS = 1_000;
const RECEIPT_MS = 24 * 60 * 60 * 1000;
const OFFSET_DIGITS = 15;
/** In UTF-16 units. */
export const MAX_TOPIC_LENGTH = 128;

/** Excludes lone surrogates, because UTF-8 cannot encode them in a key. */
export const isTopic = (topic: string): boolean =>
  topic.length > 0 && topic.length <= MAX_TOPIC_LENGTH && !/\p{Surrogate}/u.test(topic);

/** `JSON.stringify` overflows the stack on deeply nested data. Real messages do not come near this depth. */
const MAX_DEPTH = 128;

export const isShallow = (data: unknown, levels = MAX_DEPTH): boolean =>
  typeof data !== 'object' ||
  data === null ||
  (levels > 0 && Object.values(data).every((part) => isShallow(part, levels - 1)));

export const TOPIC_HEAD = object({ offset: count, oldest: count });
/**
 * `json`: the data as text, because the store's encoding changes some values: `__proto__`, `toJSON`, lone surrogates. Events
 * of version 0.1 have `data`.
 */
export const STORED_EVENT = object({ data: unknown, json: optional(string) });

const dataOf = (stored: unknown): unknown => {
  const event = STORED_EVENT.read(stored);
  return (event?.json === undefined ? event?.data : parseJson(event.json)) ?? null;
};
const EMPTY: Head = { offset: 0, oldest: 1 };

const headKey = (owner: string, topic: string): string => `topic/${owner}/${encodeURIComponent(topic)}`;
const eventPrefix = (owner: string, topic: string): string => `event/${owner}/${encodeURIComponent(topic)}/`;
const topicCountKey = (owner: string): string => `topic-count/${owner}`;
const padded = (offset: number): string => String(offset).padStart(OFFSET_DIGITS, '0');

/** Where a subscription starts, and the range of offsets that it will not receive. */
export type ResumePoint = { cursor: Cursor; resumed: boolean; gap?: { from: number; to: number } };

/** `to` 0 in a gap: the cursor has another epoch, so the number of lost events is unknown. */
export const resumeFrom = (epoch: string, head: Head, cursor: Cursor | null): ResumePoint => {
  if (!cursor) return { cursor: { epoch, offset: head.offset }, resumed: false };
  if (cursor.epoch !== epoch || cursor.offset > head.offset) {
    return { cursor: { epoch, offset: head.offset }, resumed: false, gap: { from: cursor.offset + 1, to: 0 } };
  }
  const lastRemoved = head.oldest - 1;
  if (cursor.offset >= lastRemoved) return { cursor, resumed: true };
  return { cursor: { epoch, offset: lastRemoved }, resumed: false, gap: { from: cursor.offset + 1, to: lastRemoved } };
};

/** `undefined`: the owner has too many topics. */
type AppendOutcome = { offset: number | undefined; isNew: boolean };

export const openTopics = async (store: Store, space?: DiskSpace): Promise<Topics> => {
  const epoch = await loadOrCreateSecret(store, 'history-epoch', () => randomId(8));
  const listeners: ((event: PublishedEvent) => void)[] = [];

  /** How many topics an owner has whose server before 0.2 did not count them. */
  const countTopics = async (owner: string): Promise<number> => {
    if ((await store.get(topicCountKey(owner))) !== undefined) return 0;
    return (await store.list(`topic/${owner}/`, { limit: MAX_TOPICS })).length;
  };

  const appendOnce = async (owner: string, topic: string, data: unknown, receiptKey: string | undefined) => {
    const uncounted = await countTopics(owner);
    const countKey = topicCountKey(owner);
    const keys = [headKey(owner, topic), countKey, ...(receiptKey === undefined ? [] : [receiptKey])];
    return store.update(keys, ([storedHead, storedCount, receipt]): Decision<AppendOutcome> => {
      const earlier = receiptKey === undefined ? undefined : count.read(receipt);
      if (earlier !== undefined) return { result: { offset: earlier, isNew: false } };
      const topics = count.read(storedCount) ?? uncounted;
      if (storedHead === undefined && topics >= MAX_TOPICS) return { result: { offset: undefined, isNew: false } };
      const head = TOPIC_HEAD.read(storedHead) ?? EMPTY;
      const offset = head.offset + 1;
      const oldest = Math.max(head.oldest, offset - MAX_EVENTS_PER_TOPIC + 1);
      const writes: Write[] = [
        { key: headKey(owner, topic), value: { offset, oldest } },
        { key: eventPrefix(owner, topic) + padded(offset), value: { json: JSON.stringify(data) } },
        ...(storedHead === undefined ? [{ key: countKey, value: topics + 1 }] : []),
      ];
      if (oldest > head.oldest) writes.push({ key: eventPrefix(owner, topic) + padded(head.oldest), remove: true });
      if (receiptKey !== undefined) writes.push({ key: receiptKey, value: offset, ttlMs: RECEIPT_MS });
      return { result: { offset, isNew: true }, writes };
    });
  };

  return {
    epoch,
    async head(owner, topic) {
      return TOPIC_HEAD.read(await store.get(headKey(owner, topic))) ?? EMPTY;
    },
    async append(owner, topic, data, id) {
      space?.require();
      const receiptKey = id === undefined ? undefined : `published/${owner}/${digest(id)}`;
      const { offset, isNew } = await appendOnce(owner, topic, data, receiptKey);
      if (isNew && offset !== undefined)
        for (const listener of listeners) listener({ owner, topic, epoch, offset, data });
      return offset;
    },
    async read(owner, topic, offset, limit) {
      const prefix = eventPrefix(owner, topic);
      const rows = await store.list(prefix, { after: prefix + padded(offset), limit });
      return rows.map(({ key, value }) => ({
        offset: Number(key.slice(prefix.length)),
        data: dataOf(value),
      }));
    },
    subscribe: (listener) => void listeners.push(listener),
  };
};
