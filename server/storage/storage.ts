import type { JsonObject } from '../../src/protocol/schema/json.ts';
import type { OrderedStore } from '../base/lmdb-store.ts';
import type { Store } from '../base/store.ts';

/** What one caller may do once, however many instances try at the same time. */
export interface Once {
  /** `true` for the first call with this key within `ttlMs`, `false` for all others. */
  take(key: string, ttlMs: number): Promise<boolean>;
  /** Removes a value that `Store.put` wrote, and returns it. `undefined`: absent, or another caller has it. */
  redeem(key: string): Promise<unknown>;
}

export type CollectionEntry = { member: string; value: string };

/** Small sets of texts by name, such as the tokens of one grant. A set lives as long as its longest member. */
export interface Collection {
  /** Adds or replaces one member. Without `ttlMs` the set does not expire. */
  add(name: string, entry: CollectionEntry, ttlMs?: number): Promise<void>;
  /** In no order. */
  all(name: string): Promise<CollectionEntry[]>;
  /** Removes the whole set. */
  remove(name: string): Promise<void>;
}

/** An epoch of a topic that went over into the next one. Both have the same events up to `ended`, inclusive. */
export type Fork = { epoch: string; ended: number };

/**
 * The end of a topic's history. `oldest`: the first offset that is kept. An empty topic has `offset` 0 and `oldest` 1.
 * `forks`: the epochs before this one, oldest first: docs/decisions/0017.
 */
export type Head = { epoch: string; offset: number; oldest: number; forks: readonly Fork[] };

export type Appended = { epoch: string; offset: number };

/** An event as the log announces it. `json`: the data as text. */
export type LoggedEvent = { owner: string; topic: string; epoch: string; offset: number; json: string };

export type NewEvent = { owner: string; topic: string; json: string; id?: string | undefined };

/** Histories of topics. A topic belongs to one owner. Offsets start at 1 and only grow within an epoch. */
export interface TopicLog {
  head(owner: string, topic: string): Promise<Head>;
  /**
   * Stores an event. A repeated `id` is stored once, and returns the first offset. `undefined`: the owner has too many
   * topics to begin another one.
   */
  append(event: NewEvent): Promise<Appended | undefined>;
  /** Events after `offset`, oldest first. */
  read(owner: string, topic: string, offset: number, limit: number): Promise<{ offset: number; json: string }[]>;
  /** Resolves when `onEvent` gets the events of this owner. Returns a function that ends it. */
  follow(owner: string): Promise<() => void>;
  /**
   * Calls the listener for each event that any instance appends to a topic of a followed owner, after it is stored. Some may
   * be missing or repeated: the log is the truth.
   */
  onEvent(listener: (event: LoggedEvent) => void): void;
}

/** Messages between the instances. It may lose messages, and never alters one. */
export interface Bus {
  /** Delivers to all instances, this one included. */
  publish(channel: string, message: string): Promise<void>;
  /** Resolves when messages arrive. Returns a function that ends it. */
  subscribe(channel: string, listener: (message: string) => void): Promise<() => void>;
  /** Calls the listener after messages may have been lost, so that it looks at the store. */
  onResumed(listener: () => void): void;
}

/** Limits that hold over all instances. */
export interface Rates {
  /** Takes one attempt from a bucket. Resolves with the wait in ms; 0: taken. */
  take(bucket: string, limit: Limit): Promise<number>;
  giveBack(bucket: string, limit: Limit): Promise<void>;
  /** Admits a client, or reserves a slot for it. Resolves with the wait in ms; 0: now. */
  admit(client: string, pace: Pace): Promise<number>;
}

/** `burst` at once, then one for each `refillMs`. */
export type Limit = { burst: number; refillMs: number };

/** One slot for each `unitMs`. `earlyMs`: how much too early a client may come. `keepMs`: how long a slot is kept. */
export type Pace = { unitMs: number; burstMs: number; earlyMs: number; keepMs: number };

/** The instances that share this storage. */
export interface Fleet {
  /** Of this instance. */
  readonly id: string;
  /** Instances that live, this one included. Another set after each change, and the same set until then. */
  members(): ReadonlySet<string>;
  /** Whether an instance lives. Looks again if it is not known. */
  isAlive(id: string): Promise<boolean>;
}

/** The keys of one use, newest first. The newest signs, and each of them verifies. It may change while the server runs. */
export type Keyring = () => readonly [Buffer, ...Buffer[]];

/** The server's own secrets. All instances have the same. */
export interface Secrets {
  /** Keys of 32 bytes for one use. They survive restarts. */
  keys(name: string): Promise<Keyring>;
  /** The signing keys of the provider, as private JSON Web Keys (RFC 7517), newest first. */
  signingKeys(): Promise<readonly JsonObject[]>;
  /** The keys from which the seal secrets derive, newest first: see worker/worker-secret.ts. */
  installKeys(number: number): Promise<() => readonly InstallKey[]>;
  /** Calls the listener after the keys have changed. */
  onChange(listener: () => void): void;
}

/** `id` names the key in the worker's storage. */
export type InstallKey = { id: string; key: Buffer };

/** Everything that a server must keep. Its parts may be on different engines. */
export type Storage = {
  store: Store;
  /** The store of a single instance, in this process. `undefined`: instances share the store, and its keys have no order. */
  embedded: OrderedStore | undefined;
  once: Once;
  collection: Collection;
  topicLog: TopicLog;
  bus: Bus;
  secrets: Secrets;
  fleet: Fleet;
  /** Whether calls to a shared store can succeed now. `undefined`: the store is in this process. */
  isUp?: () => boolean;
  /** `undefined`: a single instance, whose own limits hold. */
  rates: Rates | undefined;
};
