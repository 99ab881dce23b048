import type { Cursor } from '../../src/protocol/cursor.ts';
import { object, unknown } from '../../src/protocol/schema/schema.ts';
import { count } from '../../src/protocol/schema/schema-types.ts';
import { digest, loadOrCreateSecret, randomId } from '../base/crypto.ts';
import type { Decision, Store, Write } from '../base/store.ts';

export type PublishedEvent = { owner: string; topic: string; epoch: string; offset: number; data: unknown };

/** `oldest`: the first offset on disk. An empty topic has `offset` 0 and `oldest` 1. */
export type Head = { offset: number; oldest: number };

/** Histories of topics, on disk. A topic belongs to one owner. Offsets start at 1 and only grow. */
export type Topics = {
  /** Identity of the histories. It changes only with a new data folder. */
  readonly epoch: string;
  head(owner: string, topic: string): Promise<Head>;
  /** Stores an event and returns its offset. A repeated `id` is stored once, and returns the first offset. */
  append(owner: string, topic: string, data: unknown, id?: string): Promise<number>;
  /** Events after `offset`, oldest first. */
  read(owner: string, topic: string, offset: number, limit: number): Promise<{ offset: number; data: unknown }[]>;
  /** Calls the listener once for each event, after it is on disk. */
  subscribe(listener: (event: PublishedEvent) => void): void;
};

/** Events kept for each topic. */
export const MAX_EVENTS_PER_TOPIC = 10_000;
const RECEIPT_MS = 24 * 60 * 60 * 1000;
const OFFSET_DIGITS = 15;
const MAX_TOPIC = 128;

/** Excludes lone surrogates, because UTF-8 cannot encode them in a key. */
export const isTopic = (topic: string): boolean =>
  topic.length > 0 && topic.length <= MAX_TOPIC && !/\p{Surrogate}/u.test(topic);

export const TOPIC_HEAD = object({ offset: count, oldest: count });
export const STORED_EVENT = object({ data: unknown });
const EMPTY: Head = { offset: 0, oldest: 1 };

const headKey = (owner: string, topic: string): string => `topic/${owner}/${encodeURIComponent(topic)}`;
const eventPrefix = (owner: string, topic: string): string => `event/${owner}/${encodeURIComponent(topic)}/`;
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

export const openTopics = async (store: Store): Promise<Topics> => {
  const epoch = await loadOrCreateSecret(store, 'history-epoch', () => randomId(8));
  const listeners: ((event: PublishedEvent) => void)[] = [];

  const appendOnce = (owner: string, topic: string, data: unknown, receiptKey: string | undefined) => {
    const keys = [headKey(owner, topic), ...(receiptKey === undefined ? [] : [receiptKey])];
    return store.update(keys, ([storedHead, receipt]): Decision<{ offset: number; isNew: boolean }> => {
      const earlier = receiptKey === undefined ? undefined : count.read(receipt);
      if (earlier !== undefined) return { result: { offset: earlier, isNew: false } };
      const head = TOPIC_HEAD.read(storedHead) ?? EMPTY;
      const offset = head.offset + 1;
      const oldest = Math.max(head.oldest, offset - MAX_EVENTS_PER_TOPIC + 1);
      const writes: Write[] = [
        { key: headKey(owner, topic), value: { offset, oldest } },
        { key: eventPrefix(owner, topic) + padded(offset), value: { data } },
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
      const receiptKey = id === undefined ? undefined : `published/${owner}/${digest(id)}`;
      const { offset, isNew } = await appendOnce(owner, topic, data, receiptKey);
      if (isNew) for (const listener of listeners) listener({ owner, topic, epoch, offset, data });
      return offset;
    },
    async read(owner, topic, offset, limit) {
      const prefix = eventPrefix(owner, topic);
      const rows = await store.list(prefix, { after: prefix + padded(offset), limit });
      return rows.map(({ key, value }) => ({
        offset: Number(key.slice(prefix.length)),
        data: STORED_EVENT.read(value)?.data ?? null,
      }));
    },
    subscribe: (listener) => void listeners.push(listener),
  };
};
