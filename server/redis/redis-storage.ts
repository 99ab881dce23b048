import type * as RedisClientModule from '@redis/client';
import { randomId } from '../base/crypto.ts';
import { DataDirError } from '../data-folder/data-dir-error.ts';
import type { NotifyOperator } from '../data-folder/operator-notice.ts';
import type { Storage } from '../storage/storage.ts';
import type { StoreAddress } from './engine/address.ts';
import { openEngineConnection, type EngineConnection } from './engine/connection.ts';
import { createFleetSecrets, type SecretSource } from './derived-secrets.ts';
import { createEngine, type Engine } from './engine/engine.ts';
import { createFleet } from './fleet.ts';
import { createIdentity } from './identity.ts';
import { createKeys } from './engine/keys.ts';
import { createRedisBus, type RedisBus } from './redis-bus.ts';
import { createRedisRates } from './redis-rates.ts';
import { createRedisCollection, createRedisOnce, createRedisStore } from './redis-store.ts';
import { createRedisTopicLog } from './redis-topic-log.ts';
import { createSettingsCheck } from './settings.ts';

export type RedisStorageOptions = SecretSource & {
  address: StoreAddress;
  notify: NotifyOperator;
  /** Takes over a store that has no identity. Else the server waits until one instance does. */
  adoptEmptyStore: boolean;
};

export type SharedStorage = Storage & { close(): Promise<void> };

const OPEN_WITHIN_MS = 3_000;
const LOOK_EVERY_MS = 1_000;
/** A failover may lead to an engine with other settings, or without a replica. */
const CHECK_SETTINGS_EVERY_MS = 60_000;

const loadClient = async (): Promise<typeof RedisClientModule> => {
  try {
    return await import('@redis/client');
  } catch (error) {
    throw new DataDirError(
      `A shared store needs the package @redis/client, which cannot be loaded. Run: npm install @redis/client (${String(error)})`,
    );
  }
};

/** Rejects each call while the store is not ours. */
const guarded = (engine: Engine, isOurs: () => Promise<void> | undefined): Engine => {
  const guard =
    <A extends readonly unknown[], R>(call: (...given: A) => Promise<R>) =>
    async (...given: A): Promise<R> => {
      const wait = isOurs();
      if (wait) await wait;
      return call(...given);
    };
  return {
    run: guard(engine.run),
    script: guard(engine.script),
    parts: guard(engine.parts),
    durable: { run: guard(engine.durable.run), script: guard(engine.durable.script) },
  };
};

/**
 * Storage on Redis or Valkey, which several instances share. It opens also while the engine is away: calls reject with
 * `StoreUnavailable` until it is there, and is ours.
 */
export const openRedisStorage = async (options: RedisStorageOptions): Promise<SharedStorage> => {
  const { address, notify } = options;
  const redis = await loadClient();
  const secrets = createFleetSecrets(options, (reason) => notify({ type: 'key-file-refused', reason }));
  const id = randomId(9);
  const keys = createKeys(address.prefix);
  const late: { bus?: RedisBus; subscriber?: EngineConnection; mayAdopt: boolean } = {
    mayAdopt: options.adoptEmptyStore,
  };

  /** Connections that are away. The operator gets one line for all of them. */
  const away = new Set<string>();
  const watched = (name: string) => ({
    onAway(reason: string) {
      if (away.size === 0) notify({ type: 'store-unreachable', reason });
      away.add(name);
    },
    onBack() {
      away.delete(name);
      if (away.size > 0) return;
      notify({ type: 'store-reached' });
      late.bus?.onBack();
    },
  });

  const plain = openEngineConnection({ address, redis, ...watched('plain'), onOpen: async () => look() });
  const durable = openEngineConnection({ address, redis, ...watched('durable'), onOpen: async () => look() });
  const metaKey = keys.of('meta');
  const identity = createIdentity(
    { key: metaKey, ring: secrets.ring('store'), run: (args) => plain.run(metaKey, args) },
    (state, former) => {
      if (state === 'ours') {
        if (former !== 'unknown' && !late.mayAdopt) notify({ type: 'store-found' });
      } else if (state !== 'unknown' && !(state === 'empty' && late.mayAdopt)) notify({ type: `store-${state}` });
    },
  );
  /** A store that is not ours keeps its connection: it may become ours. */
  const look = async (): Promise<void> => {
    const { mayAdopt } = late;
    await (mayAdopt ? identity.adopt() : identity.require()).then(
      () => {
        late.mayAdopt = false;
      },
      () => undefined,
    );
  };

  const raw = createEngine(plain, durable, address.replicas);
  const checkSettings = createSettingsCheck(raw, address, notify);
  const engine = guarded(raw, () => (identity.state === 'ours' ? undefined : identity.require()));
  const subscriber = openEngineConnection({
    address,
    redis,
    ...watched('subscriber'),
    onOpen: async () => late.subscriber && late.bus?.onOpen(late.subscriber),
    onMessage: (channel, message) => late.bus?.onMessage(channel, message),
  });
  late.subscriber = subscriber;
  const bus = createRedisBus({ engine: raw, keys, id }, () => subscriber);
  late.bus = bus;
  const fleet = createFleet({ engine, keys, id });
  const timer = setInterval(() => void look(), LOOK_EVERY_MS);
  const settingsTimer = setInterval(() => void checkSettings(), CHECK_SETTINGS_EVERY_MS);

  const close = async (): Promise<void> => {
    clearInterval(timer);
    clearInterval(settingsTimer);
    await fleet.leave();
    bus.stop();
    secrets.stop();
    for (const connection of [plain, durable, subscriber]) connection.close();
  };
  await Promise.all([plain, durable, subscriber].map((each) => each.opened(OPEN_WITHIN_MS)));
  await fleet.renew().catch(() => undefined);
  if (identity.state === 'ours') await checkSettings();
  return {
    store: createRedisStore(engine, { keys, prefix: address.prefix, requireOurs: identity.require, close }),
    embedded: undefined,
    once: createRedisOnce(engine, keys, identity.require),
    collection: createRedisCollection(engine, keys),
    topicLog: createRedisTopicLog(engine, keys, bus),
    bus,
    secrets,
    fleet,
    rates: createRedisRates(engine, keys),
    isUp: () => plain.isReady && durable.isReady && subscriber.isReady && identity.state === 'ours',
    close,
  };
};
