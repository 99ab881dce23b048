import type * as RedisClientModule from '@redis/client';
import { startTimer, withDeadline } from '../../../src/protocol/timing/timer.ts';
import { StoreUnavailable } from '../../base/store.ts';
import type { StoreAddress } from './address.ts';

export type Reply = string | number | null | undefined | readonly Reply[];

/** The items of a reply that is a list, else none. */
export const listOf = (reply: Reply): readonly Reply[] => (typeof reply === 'object' && reply !== null ? reply : []);

/** One connection to the engine, which it opens again by itself. */
export type EngineConnection = {
  readonly isReady: boolean;
  /** Sends a command. Rejects with `StoreUnavailable` when the engine cannot do it now, or does not answer in time. */
  run(key: string | undefined, args: readonly string[]): Promise<Reply>;
  /** Resolves when messages of the channel arrive. They go to `onMessage`. */
  subscribe(channels: readonly string[]): Promise<void>;
  unsubscribe(channels: readonly string[]): Promise<void>;
  /** Closes it and opens it again: it seems dead. */
  reset(): void;
  /** Resolves when it is ready, or after this time. */
  opened(withinMs: number): Promise<void>;
  close(): void;
};

export type EngineConnectionOptions = {
  address: StoreAddress;
  redis: typeof RedisClientModule;
  /** Runs on each new connection before anything else uses it. A rejection closes the connection. */
  onOpen?: (() => Promise<void>) | undefined;
  onChange?: ((isReady: boolean) => void) | undefined;
  onMessage?: ((channel: string, message: string) => void) | undefined;
};

/** After this, a call counts as lost. The client's own limits do not hold when the engine hangs (measured: 8 s of 2). */
const DEADLINE_MS = 2_000;
const CONNECT_WITHIN_MS = 2_000;
const MIN_RETRY_MS = 50;
const MAX_RETRY_MS = 500;
const RETRY_SECONDS = 1;

/**
 * Errors of an engine that cannot do it now: it starts, has no memory, has not enough replicas, or is a replica itself
 * (https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors).
 */
const UNAVAILABLE =
  /^(LOADING|OOM|NOREPLICAS|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|MISCONF|NOAUTH|WRONGPASS|NOPERM)\b/;
/** After these the connection leads to the wrong engine. */
const WRONG_NODE = /^(READONLY|MASTERDOWN)\b/;

export const unavailable = (message: string, cause?: unknown): StoreUnavailable =>
  new StoreUnavailable(message, RETRY_SECONDS, { cause });

/** What a single node and a cluster offer alike. */
type Client = {
  send(key: string | undefined, args: readonly string[]): Promise<Reply>;
  subscribe(channels: string[], listener: (message: string, channel: string) => void): Promise<unknown>;
  unsubscribe(channels: string[]): Promise<unknown>;
  destroy(): void;
};

type State =
  | { state: 'opening' }
  | { state: 'ready'; client: Client }
  | { state: 'waiting'; cancel: () => void }
  | { state: 'closed' };

const LATE = Symbol('late');

const within = async <T>(work: Promise<T>, ms: number, what: string): Promise<T> => {
  const outcome = await withDeadline<T, typeof LATE>(work, ms, LATE);
  if (outcome === LATE) throw unavailable(what);
  return outcome;
};

const nodeOptions = ({ tls, username, password }: StoreAddress) => ({
  ...(username === undefined ? {} : { username }),
  ...(password === undefined ? {} : { password }),
  socket: {
    connectTimeout: CONNECT_WITHIN_MS,
    reconnectStrategy: false as const,
    ...(tls ? { tls: true as const } : {}),
  },
  disableOfflineQueue: true,
});

type Node = StoreAddress['nodes'][number];

/** `onLost`: the connection ended. Without a listener for errors, an error would end the process. */
const openNode = async (
  { redis, address }: EngineConnectionOptions,
  { host, port }: Node,
  onLost: () => void,
): Promise<Client> => {
  const { socket, ...options } = nodeOptions(address);
  const database = address.database === 0 ? {} : { database: address.database };
  const client = redis.createClient({ ...options, ...database, RESP: 3, socket: { ...socket, host, port } });
  client.on('error', onLost);
  client.on('end', onLost);
  try {
    await within(client.connect(), CONNECT_WITHIN_MS, `${host}:${port} does not accept the connection.`);
  } catch (error) {
    if (client.isOpen) client.destroy();
    throw error;
  }
  return {
    send: (_key, args) => client.sendCommand<Reply>([...args]),
    subscribe: (channels, listener) => client.subscribe(channels, listener),
    unsubscribe: (channels) => client.unsubscribe(channels),
    destroy: () => {
      client.removeAllListeners('end');
      if (client.isOpen) client.destroy();
    },
  };
};

const openCluster = async ({ redis, address }: EngineConnectionOptions, onLost: () => void): Promise<Client> => {
  const cluster = redis.createCluster({
    rootNodes: address.nodes.map((node) => ({ socket: { ...node } })),
    defaults: nodeOptions(address),
  });
  cluster.on('error', onLost);
  await within(cluster.connect(), CONNECT_WITHIN_MS, 'The cluster does not accept the connection.');
  return {
    send: (key, args) => cluster.sendCommand<Reply>(key, false, [...args]),
    subscribe: (channels, listener) => cluster.subscribe(channels, listener),
    unsubscribe: (channels) => cluster.unsubscribe(channels),
    destroy: () => {
      cluster.removeAllListeners('error');
      cluster.on('error', () => undefined);
      cluster.destroy();
    },
  };
};

/** The master, by the first sentinel that knows it (https://redis.io/docs/latest/develop/reference/sentinel-clients/). */
const findMaster = async (options: EngineConnectionOptions): Promise<Node> => {
  const { master, nodes } = options.address;
  for (const sentinel of nodes) {
    try {
      const client = await openNode(options, sentinel, () => undefined);
      const reply = await within(
        client.send(undefined, ['SENTINEL', 'get-master-addr-by-name', master]),
        DEADLINE_MS,
        'The sentinel does not answer.',
      ).finally(() => client.destroy());
      const [host, port] = listOf(reply);
      if (typeof host === 'string') return { host, port: Number(port) };
    } catch {
      // The next sentinel may answer.
    }
  }
  throw unavailable(`No sentinel knows the master ${master}.`);
};

/** A failover by name leaves connections to the former master, which is a replica from then on. */
const requireMaster = async (client: Client): Promise<void> => {
  // An access list may forbid `ROLE`. The first write then finds out.
  const reply = await client.send(undefined, ['ROLE']).catch(() => undefined);
  if (listOf(reply)[0] === 'slave') throw unavailable('This node is a replica.');
};

class ManagedConnection implements EngineConnection {
  readonly #options: EngineConnectionOptions;
  #state: State = { state: 'opening' };
  #failures = 0;
  #waiters: (() => void)[] = [];

  constructor(options: EngineConnectionOptions) {
    this.#options = options;
    void this.#open();
  }

  get isReady(): boolean {
    return this.#state.state === 'ready';
  }

  async run(key: string | undefined, args: readonly string[]): Promise<Reply> {
    if (this.#state.state !== 'ready') throw unavailable('The store cannot be reached.');
    return this.#runOn(this.#state.client, key, args);
  }

  async subscribe(channels: readonly string[]): Promise<void> {
    if (this.#state.state !== 'ready') throw unavailable('The store cannot be reached.');
    const { client } = this.#state;
    const listener = (message: string, channel: string): void => this.#options.onMessage?.(channel, message);
    await this.#guard(client, client.subscribe([...channels], listener));
  }

  async unsubscribe(channels: readonly string[]): Promise<void> {
    if (this.#state.state !== 'ready') return;
    const { client } = this.#state;
    await this.#guard(client, client.unsubscribe([...channels]));
  }

  reset(): void {
    if (this.#state.state === 'ready') this.#lost(this.#state.client);
  }

  opened(withinMs: number): Promise<void> {
    if (this.isReady) return Promise.resolve();
    return new Promise((done) => {
      const cancel = startTimer(done, withinMs);
      this.#waiters.push(() => {
        cancel();
        done();
      });
    });
  }

  close(): void {
    const former = this.#state;
    this.#state = { state: 'closed' };
    if (former.state === 'ready') former.client.destroy();
    if (former.state === 'waiting') former.cancel();
  }

  #runOn(client: Client, key: string | undefined, args: readonly string[]): Promise<Reply> {
    return this.#guard(client, client.send(key, args));
  }

  async #guard<T>(client: Client, work: Promise<T>): Promise<T> {
    try {
      return await within(work, DEADLINE_MS, 'The store does not answer.');
    } catch (error) {
      const { ErrorReply } = this.#options.redis;
      if (!(error instanceof ErrorReply)) {
        this.#lost(client);
        throw error instanceof StoreUnavailable ? error : unavailable('The connection to the store broke.', error);
      }
      if (WRONG_NODE.test(error.message)) this.#lost(client);
      throw UNAVAILABLE.test(error.message)
        ? unavailable(`The store cannot do this now: ${error.message}`, error)
        : error;
    }
  }

  async #open(): Promise<void> {
    const { address, onOpen, onChange } = this.#options;
    let opened: Client | undefined;
    // A client may end while it opens.
    let isLost = false;
    const onLost = (): void => {
      isLost = true;
      if (opened) this.#lost(opened);
    };
    try {
      opened = await this.#connect(onLost);
      if (address.kind !== 'cluster') await within(requireMaster(opened), DEADLINE_MS, 'The store does not answer.');
      if (isLost) throw unavailable('The connection to the store broke.');
      if (this.#state.state === 'closed') return opened.destroy();
      this.#state = { state: 'ready', client: opened };
      await onOpen?.();
      this.#failures = 0;
      onChange?.(true);
      for (const wake of this.#waiters.splice(0)) wake();
    } catch {
      if (opened && this.#state.state === 'ready') return this.#lost(opened);
      opened?.destroy();
      this.#openLater();
    }
  }

  async #connect(onLost: () => void): Promise<Client> {
    const { address } = this.#options;
    if (address.kind === 'cluster') return openCluster(this.#options, onLost);
    const node = address.kind === 'sentinel' ? await findMaster(this.#options) : address.nodes[0];
    return openNode(this.#options, node ?? { host: '127.0.0.1', port: 6_379 }, onLost);
  }

  #lost(client: Client): void {
    if (this.#state.state !== 'ready' || this.#state.client !== client) return;
    this.#openLater();
    client.destroy();
    this.#options.onChange?.(false);
  }

  /** With chance, so that the instances do not come at the same moment. */
  #openLater(): void {
    if (this.#state.state === 'closed') return;
    const ms = Math.min(MAX_RETRY_MS, MIN_RETRY_MS * 2 ** this.#failures) * (0.5 + Math.random() / 2);
    this.#failures += 1;
    const cancel = startTimer(() => {
      this.#state = { state: 'opening' };
      void this.#open();
    }, ms);
    this.#state = { state: 'waiting', cancel };
  }
}

export const openEngineConnection = (options: EngineConnectionOptions): EngineConnection =>
  new ManagedConnection(options);
