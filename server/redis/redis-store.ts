import { setTimeout as delay } from 'node:timers/promises';
import { parseJson } from '../../src/protocol/schema/json.ts';
import type { Decision, Keep, Store, Write } from '../base/store.ts';
import type { Collection, CollectionEntry, Once } from '../storage/storage.ts';
import { listOf, unavailable, type Reply } from './engine/client.ts';
import type { Engine } from './engine/engine.ts';
import type { Keys } from './engine/keys.ts';
import { COLLECT, COMPARE_AND_SET } from './engine/scripts.ts';

/** Other instances may change the same keys all the time. */
const MAX_TRIES = 30;
const MAX_PAUSE_MS = 20;
const SCAN_COUNT = '500';

const textOf = (reply: Reply): string | undefined => (typeof reply === 'string' ? reply : undefined);
const valueOf = (text: string | undefined): unknown => (text === undefined ? undefined : parseJson(text));
const lifetimeOf = (ttlMs: number | undefined): string => String(Math.max(1, Math.ceil(ttlMs ?? 0)));

/** Pairs of a hash. RESP 3 sends a map, which the client turns into an object without a prototype. */
export const pairsOf = (reply: unknown): (readonly [string, string])[] => {
  if (typeof reply !== 'object' || reply === null) return [];
  if (!Array.isArray(reply)) return Object.entries(reply).map(([name, value]) => [name, String(value)] as const);
  return Array.from({ length: Math.floor(reply.length / 2) }, (_, n) => [
    String(reply[2 * n]),
    String(reply[2 * n + 1]),
  ]);
};

/** Runs one work at a time for each key, so that conflicts come from other instances only. */
const createTurns = () => {
  const last = new Map<string, Promise<unknown>>();
  return async <T>(key: string, work: () => Promise<T>): Promise<T> => {
    const former = last.get(key);
    const mine = (async () => {
      await former;
      return work();
    })();
    const settled = mine.catch(() => undefined);
    last.set(key, settled);
    try {
      return await mine;
    } finally {
      if (last.get(key) === settled) last.delete(key);
    }
  };
};

export type RedisStoreOptions = {
  keys: Keys;
  prefix: string;
  /** Rejects unless the store is that of this fleet. */
  requireOurs: () => Promise<void>;
  close: () => Promise<void>;
};

class RedisStore implements Store {
  readonly #engine: Engine;
  readonly #keys: Keys;
  readonly #close: () => Promise<void>;
  readonly #scan: (match: string) => AsyncIterable<string>;
  readonly #inTurn = createTurns();
  readonly #requireOurs: () => Promise<void>;

  constructor(engine: Engine, { keys, prefix, requireOurs, close }: RedisStoreOptions) {
    this.#engine = engine;
    this.#keys = keys;
    this.#requireOurs = requireOurs;
    this.#close = close;
    this.#scan = (match) => scan(engine, `${prefix}${match}`);
  }

  async get(key: string): Promise<unknown> {
    const name = this.#keys.of(key);
    const text = textOf(await this.#engine.run(name, ['GET', name]));
    if (text === undefined) await this.#requireOurs();
    return valueOf(text);
  }

  async put(key: string, value: unknown, { ttlMs, durable }: Keep = {}): Promise<void> {
    const name = this.#keys.of(key);
    const { run } = durable === true ? this.#engine.durable : this.#engine;
    const lifetime = ttlMs === undefined ? [] : ['PX', lifetimeOf(ttlMs)];
    await run(name, ['SET', name, JSON.stringify(value), ...lifetime]);
  }

  async delete(key: string, { durable }: Pick<Keep, 'durable'> = {}): Promise<void> {
    const name = this.#keys.of(key);
    const { run } = durable === true ? this.#engine.durable : this.#engine;
    await run(name, ['DEL', name]);
  }

  async deleteAll(prefix: string): Promise<void> {
    for await (const name of this.#scan(`{${prefix}*`)) await this.#engine.run(name, ['DEL', name]);
  }

  update<T>(keys: readonly string[], decide: (current: readonly unknown[]) => Decision<T>): Promise<T> {
    const names = keys.map((key) => this.#keys.of(key));
    const [first] = names;
    const work = (): Promise<T> => this.#update(names, decide);
    return first === undefined ? work() : this.#inTurn(first, work);
  }

  close(): Promise<void> {
    return this.#close();
  }

  /** Reads, decides, and writes if nothing changed meanwhile. */
  async #update<T>(names: readonly string[], decide: (current: readonly unknown[]) => Decision<T>): Promise<T> {
    for (let tries = 1; tries <= MAX_TRIES; tries += 1) {
      const found = names.length === 0 ? [] : listOf(await this.#engine.run(names[0] ?? '', ['MGET', ...names]));
      const texts = names.map((_, index) => textOf(found[index]));
      // A row counts as absent only in a store that is ours: else this reads as "not signed in".
      if (texts.includes(undefined)) await this.#requireOurs();
      const { result, writes = [] } = decide(texts.map(valueOf));
      if (writes.length === 0 || (await this.#compareAndSet(names, texts, writes))) return result;
      await delay(Math.random() * MAX_PAUSE_MS * Math.min(1, tries / 10));
    }
    throw unavailable('Too many requests change the same data at once.');
  }

  async #compareAndSet(
    names: readonly string[],
    expected: readonly (string | undefined)[],
    writes: readonly Write[],
  ): Promise<boolean> {
    const { script } = writes.some(({ durable }) => durable === true) ? this.#engine.durable : this.#engine;
    const changes = writes.flatMap((write) => {
      if ('remove' in write) return ['-1', ''];
      return [write.ttlMs === undefined ? '0' : lifetimeOf(write.ttlMs), JSON.stringify(write.value)];
    });
    const wanted = expected.map((text) => (text === undefined ? '-' : `+${text}`));
    const all = [...names, ...writes.map(({ key }) => this.#keys.of(key))];
    return (await script(COMPARE_AND_SET, all, [String(names.length), ...wanted, ...changes])) === 1;
  }
}

/** All keys that match. */
const scan = async function* (engine: Engine, match: string): AsyncIterable<string> {
  for (const send of await engine.parts()) {
    let cursor = '0';
    do {
      const [next, found] = listOf(await send(['SCAN', cursor, 'MATCH', match, 'COUNT', SCAN_COUNT]));
      cursor = textOf(next) ?? '0';
      for (const name of listOf(found ?? null)) if (typeof name === 'string') yield name;
    } while (cursor !== '0');
  }
};

export const createRedisStore = (engine: Engine, options: RedisStoreOptions): Store => new RedisStore(engine, options);

export const createRedisOnce = (engine: Engine, keys: Keys, requireOurs: () => Promise<void>): Once => ({
  async take(key, ttlMs) {
    const name = keys.of(key);
    return (await engine.run(name, ['SET', name, 'true', 'NX', 'PX', lifetimeOf(ttlMs)])) !== null;
  },
  async redeem(key) {
    const name = keys.of(key);
    const text = textOf(await engine.run(name, ['GETDEL', name]));
    if (text === undefined) await requireOurs();
    return valueOf(text);
  },
});

export const createRedisCollection = (engine: Engine, keys: Keys): Collection => ({
  async add(name, { member, value }, ttlMs) {
    const ttl = ttlMs === undefined ? '0' : lifetimeOf(ttlMs);
    await engine.script(COLLECT, [keys.of(name)], [member, value, ttl]);
  },
  async all(name) {
    const key = keys.of(name);
    return pairsOf(await engine.run(key, ['HGETALL', key])).map(([member, value]): CollectionEntry => ({
      member,
      value,
    }));
  },
  async remove(name) {
    const key = keys.of(name);
    await engine.run(key, ['DEL', key]);
  },
});
