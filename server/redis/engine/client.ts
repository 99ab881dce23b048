import type * as RedisClientModule from '@redis/client';
import { withDeadline } from '../../../src/protocol/timing/timer.ts';
import { StoreUnavailable } from '../../base/store.ts';
import type { StoreAddress, StoreUser } from './address.ts';

export type Reply = string | number | null | undefined | readonly Reply[];

/** The items of a reply that is a list, else none. */
export const listOf = (reply: Reply): readonly Reply[] => (typeof reply === 'object' && reply !== null ? reply : []);

/** After this, a call counts as lost. The client's own limits do not hold when the engine hangs (measured: 8 s of 2). */
export const DEADLINE_MS = 2_000;
const CONNECT_WITHIN_MS = 2_000;
const RETRY_SECONDS = 1;

export const unavailable = (message: string, cause?: unknown): StoreUnavailable =>
  new StoreUnavailable(message, RETRY_SECONDS, { cause });

export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Sends a command to one engine. */
export type Send = (args: readonly string[]) => Promise<Reply>;

/** What a single node and a cluster offer alike. */
export type EngineClient = {
  send(key: string | undefined, args: readonly string[]): Promise<Reply>;
  /** Each engine that has a part of the keys. */
  parts(): Promise<readonly Send[]>;
  subscribe(channels: string[], listener: (message: string, channel: string) => void): Promise<unknown>;
  unsubscribe(channels: string[]): Promise<unknown>;
  destroy(): void;
};

const LATE = Symbol('late');

export const within = async <T>(work: Promise<T>, ms: number, what: string): Promise<T> => {
  const outcome = await withDeadline<T, typeof LATE>(work, ms, LATE);
  if (outcome === LATE) throw unavailable(what);
  return outcome;
};

const nodeOptions = ({ tls }: StoreAddress, { username, password }: StoreUser) => ({
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

/** The address, and the package that connects to it. */
export type EngineClientOptions = { address: StoreAddress; redis: typeof RedisClientModule };

/** `onLost`: the connection ended. Without a listener for errors, an error would end the process. */
const openNode = async (
  { redis, address }: EngineClientOptions,
  { host, port, credentials }: Node & { credentials: StoreUser },
  onLost: () => void,
): Promise<EngineClient> => {
  const { socket, ...options } = nodeOptions(address, credentials);
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
  const send: Send = (args) => client.sendCommand<Reply>([...args]);
  return {
    send: (_key, args) => send(args),
    parts: async () => [send],
    subscribe: (channels, listener) => client.subscribe(channels, listener),
    unsubscribe: (channels) => client.unsubscribe(channels),
    destroy: () => {
      client.removeAllListeners('end');
      if (client.isOpen) client.destroy();
    },
  };
};

const openCluster = async ({ redis, address }: EngineClientOptions, onLost: () => void): Promise<EngineClient> => {
  const cluster = redis.createCluster({
    rootNodes: address.nodes.map((node) => ({ socket: { ...node } })),
    defaults: nodeOptions(address, address),
  });
  const destroy = (): void => {
    cluster.removeAllListeners('error');
    cluster.on('error', () => undefined);
    cluster.destroy();
  };
  cluster.on('error', onLost);
  try {
    await within(cluster.connect(), CONNECT_WITHIN_MS, 'The cluster does not accept the connection.');
  } catch (error) {
    destroy();
    throw error;
  }
  return {
    send: (key, args) => cluster.sendCommand<Reply>(key, false, [...args]),
    parts: async () => {
      const clients = await Promise.all(cluster.masters.map(async (master) => cluster.nodeClient(master)));
      return clients.map(
        (client): Send =>
          (args) =>
            client.sendCommand<Reply>([...args]),
      );
    },
    subscribe: (channels, listener) => cluster.subscribe(channels, listener),
    unsubscribe: (channels) => cluster.unsubscribe(channels),
    destroy,
  };
};

/** The master, by the first sentinel that knows it (https://redis.io/docs/latest/develop/reference/sentinel-clients/). */
const findMaster = async (options: EngineClientOptions): Promise<Node> => {
  const { master, nodes, sentinel: credentials } = options.address;
  let reason = '';
  for (const sentinel of nodes) {
    try {
      const client = await openNode(options, { ...sentinel, credentials }, () => undefined);
      const reply = await within(
        client.send(undefined, ['SENTINEL', 'get-master-addr-by-name', master]),
        DEADLINE_MS,
        'The sentinel does not answer.',
      ).finally(() => client.destroy());
      const [host, port] = listOf(reply);
      if (typeof host === 'string') return { host, port: Number(port) };
    } catch (error) {
      // The next sentinel may answer.
      reason = ` ${reasonOf(error)}`;
    }
  }
  throw unavailable(`No sentinel knows the master ${master}.${reason}`);
};

/** A failover by name leaves connections to the former master, which is a replica from then on. */
const requireMaster = async (client: EngineClient): Promise<void> => {
  // An access list may forbid `ROLE`. The first write then finds out.
  const reply = await client.send(undefined, ['ROLE']).catch(() => undefined);
  if (listOf(reply)[0] === 'slave') throw unavailable('This node is a replica.');
};

/** Connects to what the address names. `onLost`: the connection ended. */
export const openClient = async (options: EngineClientOptions, onLost: () => void): Promise<EngineClient> => {
  const { address } = options;
  if (address.kind === 'cluster') return openCluster(options, onLost);
  const node = address.kind === 'sentinel' ? await findMaster(options) : address.nodes[0];
  if (!node) throw unavailable('The address of the store has no node.');
  const client = await openNode(options, { ...node, credentials: address }, onLost);
  try {
    await within(requireMaster(client), DEADLINE_MS, 'The store does not answer.');
    return client;
  } catch (error) {
    client.destroy();
    throw error;
  }
};
