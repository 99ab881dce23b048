import { object, string, unknown, type Infer } from '../../src/protocol/schema/schema.ts';
import { count, list, optional } from '../../src/protocol/schema/schema-types.ts';
import { digest, randomId } from '../base/crypto.ts';
import type { OrderedStore } from '../base/lmdb-store.ts';
import type { Decision, Store, Write } from '../base/store.ts';
import { forksFrom } from './lineage.ts';
import { loadOrCreateSecret } from './lmdb-secrets.ts';
import type { Appended, Head, LoggedEvent, NewEvent, TopicLog } from './storage.ts';

/** Events kept for each topic. */
export const MAX_EVENTS_PER_TOPIC = 10_000;
/** Topics of one owner. Each keeps its history. */
export const MAX_TOPICS = 1_000;
/** How long a repeated message gets the offset of the first one. */
export const RECEIPT_MS = 24 * 60 * 60 * 1000;
const OFFSET_DIGITS = 15;

const EPOCH = 'secret/history-epoch';
const FIRST_EPOCH = 'secret/first-history-epoch';

/** Without `epoch`: no event of the topic is younger than the first epoch of this store. */
export const TOPIC_HEAD = object({
  offset: count,
  oldest: count,
  epoch: optional(string),
  forks: optional(list(object({ epoch: string, ended: count }))),
});
type StoredHead = Infer<typeof TOPIC_HEAD>;

/**
 * `json`: the data as text, because the store's encoding changes some values: `__proto__`, `toJSON`, lone surrogates. Events
 * of version 0.1 have `data`.
 */
export const STORED_EVENT = object({ data: unknown, json: optional(string) });

const jsonOf = (stored: unknown): string => {
  const event = STORED_EVENT.read(stored);
  return event?.json ?? JSON.stringify(event?.data ?? null);
};

const headKey = (owner: string, topic: string): string => `topic/${owner}/${encodeURIComponent(topic)}`;
const eventPrefix = (owner: string, topic: string): string => `event/${owner}/${encodeURIComponent(topic)}/`;
const topicCountKey = (owner: string): string => `topic-count/${owner}`;
const padded = (offset: number): string => String(offset).padStart(OFFSET_DIGITS, '0');

/** Call once after a backup was put back: the offsets after it may have been given to other events. */
export const beginNextEpoch = (store: Store): Promise<void> =>
  store.update([EPOCH, FIRST_EPOCH], ([epoch, first]): Decision<void> => {
    // A store without an epoch has no events.
    if (typeof epoch !== 'string') return { result: undefined };
    const writes = [
      { key: EPOCH, value: randomId(8) },
      ...(first === undefined ? [{ key: FIRST_EPOCH, value: epoch }] : []),
    ];
    return { result: undefined, writes };
  });

type Outcome = { appended: Appended | undefined; isNew: boolean };

class LmdbTopicLog implements TopicLog {
  readonly #store: OrderedStore;
  readonly #listeners: ((event: LoggedEvent) => void)[] = [];
  #epochs: Promise<{ epoch: string; first: string }> | undefined;

  constructor(store: OrderedStore) {
    this.#store = store;
  }

  async head(owner: string, topic: string): Promise<Head> {
    return this.#headOf(TOPIC_HEAD.read(await this.#store.get(headKey(owner, topic))), await this.#readEpochs());
  }

  async append(event: NewEvent): Promise<Appended | undefined> {
    const { owner, topic, json } = event;
    const { appended, isNew } = await this.#appendOnce(event);
    if (isNew && appended) for (const listener of this.#listeners) listener({ owner, topic, json, ...appended });
    return appended;
  }

  async read(owner: string, topic: string, offset: number, limit: number): Promise<{ offset: number; json: string }[]> {
    const prefix = eventPrefix(owner, topic);
    const rows = await this.#store.list(prefix, { after: prefix + padded(offset), limit });
    return rows.map(({ key, value }) => ({ offset: Number(key.slice(prefix.length)), json: jsonOf(value) }));
  }

  /** The listeners get the events of all owners. */
  async follow(): Promise<() => void> {
    return () => undefined;
  }

  onEvent(listener: (event: LoggedEvent) => void): void {
    this.#listeners.push(listener);
  }

  #readEpochs(): Promise<{ epoch: string; first: string }> {
    return (this.#epochs ??= this.#loadEpochs().catch((error: unknown) => {
      this.#epochs = undefined;
      throw error;
    }));
  }

  async #loadEpochs(): Promise<{ epoch: string; first: string }> {
    const epoch = await loadOrCreateSecret(this.#store, 'history-epoch', () => randomId(8));
    const first = await this.#store.get(FIRST_EPOCH);
    return { epoch, first: typeof first === 'string' ? first : epoch };
  }

  #headOf(stored: StoredHead | undefined, { epoch, first }: { epoch: string; first: string }): Head {
    if (!stored) return { epoch, offset: 0, oldest: 1, forks: [] };
    return { epoch: stored.epoch ?? first, offset: stored.offset, oldest: stored.oldest, forks: stored.forks ?? [] };
  }

  /** How many topics an owner has whose server before 0.2 did not count them. */
  async #countTopics(owner: string): Promise<number> {
    if ((await this.#store.get(topicCountKey(owner))) !== undefined) return 0;
    return (await this.#store.list(`topic/${owner}/`, { limit: MAX_TOPICS })).length;
  }

  async #appendOnce({ owner, topic, json, id }: NewEvent): Promise<Outcome> {
    const receiptKey = id === undefined ? undefined : `published/${owner}/${digest(id)}`;
    const [uncounted, epochs] = await Promise.all([this.#countTopics(owner), this.#readEpochs()]);
    const countKey = topicCountKey(owner);
    const keys = [headKey(owner, topic), countKey, ...(receiptKey === undefined ? [] : [receiptKey])];
    return this.#store.update(keys, ([storedHead, storedCount, receipt]): Decision<Outcome> => {
      const former = this.#headOf(TOPIC_HEAD.read(storedHead), epochs);
      const earlier = receiptKey === undefined ? undefined : count.read(receipt);
      if (earlier !== undefined)
        return { result: { appended: { epoch: former.epoch, offset: earlier }, isNew: false } };
      const topics = count.read(storedCount) ?? uncounted;
      if (storedHead === undefined && topics >= MAX_TOPICS) return { result: { appended: undefined, isNew: false } };
      const { epoch } = epochs;
      const offset = former.offset + 1;
      const oldest = Math.max(former.oldest, offset - MAX_EVENTS_PER_TOPIC + 1);
      const forks = former.epoch === epoch ? former.forks : forksFrom(former);
      const head: StoredHead = { offset, oldest, epoch, ...(forks.length > 0 ? { forks: [...forks] } : {}) };
      const writes: Write[] = [
        { key: headKey(owner, topic), value: head },
        { key: eventPrefix(owner, topic) + padded(offset), value: { json } },
        ...(storedHead === undefined ? [{ key: countKey, value: topics + 1 }] : []),
      ];
      if (oldest > former.oldest) writes.push({ key: eventPrefix(owner, topic) + padded(former.oldest), remove: true });
      if (receiptKey !== undefined) writes.push({ key: receiptKey, value: offset, ttlMs: RECEIPT_MS });
      return { result: { appended: { epoch, offset }, isNew: true }, writes };
    });
  }
}

export const createLmdbTopicLog = (store: OrderedStore): TopicLog => new LmdbTopicLog(store);
