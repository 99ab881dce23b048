import type { OrderedStore } from '../base/lmdb-store.ts';
import { createLmdbSecrets } from './lmdb-secrets.ts';
import { createLmdbTopicLog } from './lmdb-topic-log.ts';
import { createLocalBus } from './local-bus.ts';
import type { Collection, Once, Storage } from './storage.ts';

const createOnce = (store: OrderedStore): Once => ({
  take: (key, ttlMs) =>
    store.update([key], ([current]) =>
      current === undefined ? { result: true, writes: [{ key, value: true, ttlMs }] } : { result: false },
    ),
  redeem: (key) =>
    store.update([key], ([current]) =>
      current === undefined ? { result: undefined } : { result: current, writes: [{ key, remove: true }] },
    ),
});

const ALONE = 'alone';

/** Each member is a row of its own, as in the folders of earlier servers, and expires by itself. */
const createCollection = (store: OrderedStore): Collection => ({
  add: (name, { member, value }, ttlMs) => store.put(`${name}/${member}`, value, { ttlMs }),
  all: async (name) =>
    (await store.list(`${name}/`)).flatMap(({ key, value }) =>
      typeof value === 'string' ? [{ member: key.slice(name.length + 1), value }] : [],
    ),
  remove: (name) => store.deleteAll(`${name}/`),
});

/** All parts in this process, on one data folder: the default of the server. */
export const createLmdbStorage = (store: OrderedStore): Storage => ({
  store,
  embedded: store,
  once: createOnce(store),
  collection: createCollection(store),
  topicLog: createLmdbTopicLog(store),
  bus: createLocalBus(),
  secrets: createLmdbSecrets(store),
  fleet: { id: ALONE, members: () => new Set([ALONE]), isAlive: async (id) => id === ALONE },
  rates: undefined,
});
