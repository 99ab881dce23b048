import { parseJson } from '../../src/protocol/schema/json.ts';
import type { DiskSpace } from '../data-folder/disk-space.ts';
import type { Appended, TopicLog } from '../storage/storage.ts';

export type PublishedEvent = { owner: string; topic: string; epoch: string; offset: number; data: unknown };

/** Histories of topics, with their data as values. */
export type Topics = Pick<TopicLog, 'head' | 'follow'> & {
  /** As in `TopicLog`. */
  append(owner: string, topic: string, data: unknown, id?: string): Promise<Appended | undefined>;
  /** Events after `offset`, oldest first. */
  read(owner: string, topic: string, offset: number, limit: number): Promise<{ offset: number; data: unknown }[]>;
  /** Calls the listener for each event of a followed owner, after it is stored. Some may be missing or repeated. */
  subscribe(listener: (event: PublishedEvent) => void): void;
};

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

export const createTopics = (log: TopicLog, space?: DiskSpace): Topics => ({
  head: (owner, topic) => log.head(owner, topic),
  follow: (owner) => log.follow(owner),
  append(owner, topic, data, id) {
    space?.require();
    return log.append({ owner, topic, json: JSON.stringify(data), id });
  },
  async read(owner, topic, offset, limit) {
    const events = await log.read(owner, topic, offset, limit);
    return events.map(({ json, ...event }) => ({ ...event, data: parseJson(json) ?? null }));
  },
  subscribe: (listener) => log.onEvent(({ json, ...event }) => listener({ ...event, data: parseJson(json) ?? null })),
});

/** Events in one history response. */
const MAX_HISTORY_EVENTS = 200;

/**
 * The newest events of a topic for a client that connects for the first time or after a gap: see
 * docs/reference/protocol-keeper.1.md §7. Oldest first.
 */
export const readHistory = async (topics: Pick<Topics, 'head' | 'read'>, owner: string, topic: string) => {
  const { epoch, offset } = await topics.head(owner, topic);
  const events = await topics.read(owner, topic, Math.max(0, offset - MAX_HISTORY_EVENTS), MAX_HISTORY_EVENTS);
  return { epoch, events };
};
