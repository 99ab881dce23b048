import { isObject, numberAt, parseJson, stringAt } from '../../src/protocol/schema/json.ts';
import { digest, randomId } from '../base/crypto.ts';
import { MAX_EVENTS_PER_TOPIC, MAX_TOPICS, RECEIPT_MS } from '../storage/lmdb-topic-log.ts';
import type { Appended, Bus, Fork, Head, LoggedEvent, NewEvent, TopicLog } from '../storage/storage.ts';
import { listOf, type Reply } from './engine/client.ts';
import type { Engine } from './engine/engine.ts';
import type { Keys } from './engine/keys.ts';
import { APPEND, HEAD } from './engine/scripts.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
/** A history without new events is removed after this: memory is not a disk. */
const LOG_MS = 7 * DAY_MS;
/** Longer than a history, so that a late reader gets a gap, and no two events have one offset. */
const HEADS_MS = 180 * DAY_MS;
const EPOCH_BYTES = 8;

const bellOf = (owner: string): string => `events/${owner}`;
const offsetOf = (id: Reply): number => Number(String(id).split('-')[0]);

const forksOf = (value: unknown): Fork[] =>
  (Array.isArray(value) ? value : []).flatMap((fork: unknown) => {
    const [epoch, ended] = Array.isArray(fork) ? (fork as unknown[]) : [];
    return typeof epoch === 'string' && typeof ended === 'number' ? [{ epoch, ended }] : [];
  });

const headOf = (json: Reply, first: Reply): Head => {
  const head = typeof json === 'string' ? parseJson(json) : undefined;
  const epoch = isObject(head) ? stringAt(head, 'e') : undefined;
  const offset = isObject(head) ? numberAt(head, 'o') : undefined;
  if (!isObject(head) || epoch === undefined || offset === undefined)
    throw new Error('The head of a topic in the store is damaged.');
  const oldest = typeof first === 'string' && first !== '' ? offsetOf(first) : offset + 1;
  return { epoch, offset, oldest, forks: forksOf(head['f']) };
};

const eventOf = (owner: string, message: string): LoggedEvent | undefined => {
  const nameEnd = message.indexOf('\n');
  const offsetEnd = message.indexOf('\n', nameEnd + 1);
  const name = parseJson(message.slice(0, nameEnd));
  const [topic, epoch] = Array.isArray(name) ? (name as unknown[]) : [];
  if (typeof topic !== 'string' || typeof epoch !== 'string' || offsetEnd < 0) return undefined;
  return {
    owner,
    topic,
    epoch,
    offset: Number(message.slice(nameEnd + 1, offsetEnd)),
    json: message.slice(offsetEnd + 1),
  };
};

/** The value of one field of an entry: RESP 2 and 3 both send a flat list. */
const dataOf = (fields: Reply): string => {
  const list = listOf(fields);
  const at = list.indexOf('d');
  return at < 0 ? 'null' : String(list[at + 1]);
};

class RedisTopicLog implements TopicLog {
  readonly #engine: Engine;
  readonly #keys: Keys;
  readonly #bus: Bus;
  readonly #listeners: ((event: LoggedEvent) => void)[] = [];
  /** By owner. `count`: how many connections follow it. */
  readonly #followed = new Map<string, { listener: (message: string) => void; count: number }>();

  constructor(engine: Engine, keys: Keys, bus: Bus) {
    this.#engine = engine;
    this.#keys = keys;
    this.#bus = bus;
  }

  async head(owner: string, topic: string): Promise<Head> {
    const keys = [this.#heads(owner), this.#log(owner, topic)];
    const reply = await this.#engine.script(HEAD, keys, [topic, randomId(EPOCH_BYTES), String(HEADS_MS)]);
    const [json, first] = listOf(reply);
    return headOf(json ?? null, first ?? null);
  }

  async append({ owner, topic, json, id }: NewEvent): Promise<Appended | undefined> {
    const receipt = this.#keys.log(owner, `id:${digest(id ?? '')}`);
    const reply = await this.#engine.durable.script(
      APPEND,
      [this.#heads(owner), this.#log(owner, topic), receipt],
      [
        ...[topic, randomId(EPOCH_BYTES), String(HEADS_MS), json],
        ...[id === undefined ? '0' : '1', String(RECEIPT_MS), String(MAX_EVENTS_PER_TOPIC), String(LOG_MS)],
        ...[String(MAX_TOPICS), this.#keys.channel(bellOf(owner))],
      ],
    );
    const [epoch, offset] = listOf(reply);
    return epoch === undefined ? undefined : { epoch: String(epoch), offset: Number(offset) };
  }

  async read(owner: string, topic: string, offset: number, limit: number): Promise<{ offset: number; json: string }[]> {
    const key = this.#log(owner, topic);
    const from = `${offset + 1}-0`;
    const reply = await this.#engine.run(key, ['XRANGE', key, from, '+', 'COUNT', String(limit)]);
    return listOf(reply).flatMap((entry) => {
      const [id, fields] = listOf(entry);
      return id === undefined ? [] : [{ offset: offsetOf(id), json: dataOf(fields ?? null) }];
    });
  }

  /** Many connections follow one owner, and each event must reach the listeners once. */
  async follow(owner: string): Promise<() => void> {
    const followed = this.#followed.get(owner) ?? { listener: this.#listenerOf(owner), count: 0 };
    this.#followed.set(owner, followed);
    followed.count += 1;
    const stop = await this.#bus.subscribe(bellOf(owner), followed.listener);
    let isEnded = false;
    return () => {
      if (isEnded) return;
      isEnded = true;
      stop();
      followed.count -= 1;
      if (followed.count === 0) this.#followed.delete(owner);
    };
  }

  onEvent(listener: (event: LoggedEvent) => void): void {
    this.#listeners.push(listener);
  }

  #heads(owner: string): string {
    return this.#keys.log(owner, 'heads');
  }

  #log(owner: string, topic: string): string {
    return this.#keys.log(owner, `log:${topic}`);
  }

  #listenerOf(owner: string): (message: string) => void {
    return (message) => {
      const event = eventOf(owner, message);
      if (event) for (const each of this.#listeners) each(event);
    };
  }
}

export const createRedisTopicLog = (engine: Engine, keys: Keys, bus: Bus): TopicLog =>
  new RedisTopicLog(engine, keys, bus);
