import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { SUBPROTOCOL } from '../../src/protocol/frames.ts';
import { createServerClock } from '../base/server-clock.ts';
import { onWebSocketUpgrade } from '../http/http-server.ts';
import { mayOpenSocket } from '../http/origins.ts';
import type { Principal } from '../http/principal.ts';
import { createSessionRevocations } from '../http/principal.ts';
import { requestTarget } from '../http/request-target.ts';
import { createAdmissionControl, DEFAULT_ACCEPTS_PER_SECOND } from '../limits/admission-control.ts';
import { closeConnections } from '../realtime/close-connections.ts';
import { createTopicHub, DEFAULT_HEARTBEAT_MS, type Hub } from '../realtime/hub.ts';
import { takeSavedPresence } from '../realtime/presence-tracker.ts';
import { createTopics, isShallow, isTopic, readHistory, type Topics } from '../realtime/topics.ts';
import type { SiteStore } from './site-store.ts';
import { principalOf, type SocketUser } from './socket-user.ts';

export type HubOptions = {
  /** Keeps the histories of topics. */
  store: SiteStore;
  /** The user of a ticket; `undefined` refuses it. Usually `tickets.redeem`. Each ticket must be valid once. */
  authenticate(ticket: string): Promise<SocketUser | undefined> | SocketUser | undefined;
  /** Path of the WebSocket, as in `sockets[].url` of the configuration. Default `/api/socket`. */
  path?: string;
  /**
   * Origins of the pages that may open sockets, such as `https://app.example`. Default: the one that the request names in
   * `Host`. Set it behind a proxy that changes `Host`.
   */
  origins?: readonly string[];
  /** Silence (ms) after which a connection counts as dead. Default 10,000. */
  heartbeatMs?: number;
  /** Sockets that may open per second. Clients spread their reconnects accordingly. Default 200. */
  acceptsPerSecond?: number;
};

/** A message for all devices of one user. */
export type TopicMessage = {
  /** The user, as in the ticket. */
  sub: string;
  /** At most 128 characters. */
  topic: string;
  /** Any JSON. */
  data: unknown;
  /** A repeated message with the same id is stored once. */
  id?: string;
};

/** What a topic holds: `epoch` names its history, `events` are the newest, oldest first. */
export type TopicHistory = { epoch: string; events: readonly { offset: number; data: unknown }[] };

/** The server side of `keeper.1` (docs/reference/protocol-keeper.1.md). */
export type KeeperHub = {
  /**
   * Takes the WebSockets of the hub's path from a server of `node:http` or `node:https`. Other paths stay for other
   * listeners; without one they get a 404.
   *
   * @example
   * import { createServer } from 'node:http';
   * import { createHub, createTickets, memoryStore } from 'session-keeper/server';
   * const store = memoryStore();
   * const hub = createHub({ store, authenticate: createTickets({ store }).redeem });
   * hub.attach(createServer().listen(3000));
   */
  attach(server: Server): void;
  /**
   * Stores a message and sends it to all devices of the user. Resolves with its offset in the topic, when it is on disk.
   * Rejects with a `TypeError` for a topic or data that no client could get, and with a `RangeError` when the user has too
   * many topics.
   *
   * @example
   * import type { KeeperHub } from 'session-keeper/server';
   * const notify = (hub: KeeperHub) => hub.publish({ sub: 'ann', topic: 'inbox', data: { text: 'Hello' } });
   */
  publish(message: TopicMessage): Promise<number>;
  /**
   * Reads the newest 200 messages of a topic, for clients that connect for the first time or after a gap.
   *
   * @example
   * import type { KeeperHub } from 'session-keeper/server';
   * const inboxOf = (hub: KeeperHub, sub: string) => hub.history({ sub, topic: 'inbox' });
   */
  history(of: { sub: string; topic: string }): Promise<TopicHistory>;
  /**
   * Ends a session of `SocketUser.session`: closes its sockets with 4401, and its tickets open none.
   *
   * @example
   * import type { KeeperHub } from 'session-keeper/server';
   * const onLogout = (hub: KeeperHub, session: string) => hub.revoke(session);
   */
  revoke(session: string): Promise<void>;
  /**
   * Asks all clients to reconnect, each at its own moment, and closes. The store stays open.
   *
   * @example
   * import type { KeeperHub } from 'session-keeper/server';
   * const stopWith = (hub: KeeperHub) => process.once('SIGTERM', () => void hub.close());
   */
  close(): Promise<void>;
};

const SOCKETS_CLOSE_WITHIN_MS = 1_000;

/** What opens late: packages on demand, and what the store has to say. */
type Opened = Topics & Hub & { revoke(session: string): Promise<void>; open: Open };
type Open = ReturnType<typeof import('../realtime/ticketed-socket.ts').createTicketedSockets>;
type Redeem = (ticket: string) => Promise<Principal | undefined>;

const openHub = async (
  { store, heartbeatMs = DEFAULT_HEARTBEAT_MS, acceptsPerSecond = DEFAULT_ACCEPTS_PER_SECOND }: HubOptions,
  redeem: Redeem,
): Promise<Opened> => {
  // On demand: a site that only seals its worker installs no WebSocket library.
  const { createTicketedSockets } = await import('../realtime/ticketed-socket.ts');
  const revocations = createSessionRevocations(store);
  const topics = createTopics(store.topicLog);
  const hub = createTopicHub({
    ...{ storage: store, topics, revocations, heartbeatMs },
    clock: createServerClock(),
    tickets: { redeem: (_use, ticket) => redeem(ticket) },
    admissionControl: createAdmissionControl({ perSecond: acceptsPerSecond, now: () => performance.now() }),
    present: await takeSavedPresence(store.store),
  });
  const open = createTicketedSockets({ opened: () => undefined, judged: () => undefined });
  return { ...topics, ...hub, revoke: revocations.revoke, open };
};

const ownOrigins = ({ host }: IncomingMessage['headers']): readonly string[] => [`http://${host}`, `https://${host}`];

const checkMessage = ({ topic, data }: TopicMessage): void => {
  if (!isTopic(topic)) throw new TypeError(`${JSON.stringify(topic)} is not a topic: it needs 1 to 128 characters.`);
  if (JSON.stringify(data) === undefined || !isShallow(data))
    throw new TypeError(`The data for the topic ${topic} is no JSON, or nested too deeply.`);
};

/**
 * Makes the hub for the channels of `keeper.channel` and the shared socket: ordered topics with offsets, resumption,
 * presence, fencing. It needs the package `ws`. One process serves all sockets of a store.
 *
 * @example
 * import { createServer } from 'node:http';
 * import { createHub, createTickets, lmdbStore } from 'session-keeper/server';
 * const store = await lmdbStore('.data');
 * const tickets = createTickets({ store });
 * const hub = createHub({ store, authenticate: tickets.redeem });
 * hub.attach(createServer().listen(3000));
 */
export const createHub = (options: HubOptions): KeeperHub => {
  const { authenticate, path = '/api/socket', origins } = options;
  const redeem: Redeem = async (ticket) => {
    const user = await authenticate(ticket);
    return user && principalOf(user, Date.now());
  };
  const opening = openHub(options, redeem);
  // Each use reports it. Without a use yet, a failure must not end the process.
  opening.catch(() => undefined);

  return {
    attach(server) {
      const take = async (request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> => {
        const { ticketAmong, offeredProtocols, refuseUpgrade } = await import('../realtime/ticketed-socket.ts');
        const protocols = offeredProtocols(request);
        const isOwn = requestTarget(request)?.pathname === path && protocols.includes(SUBPROTOCOL);
        if (!isOwn) return server.listenerCount('upgrade') > 1 ? undefined : refuseUpgrade(socket, 404);
        if (!mayOpenSocket(request.headers, origins ?? ownOrigins(request.headers))) return refuseUpgrade(socket, 403);
        const { open, accept } = await opening;
        return open({ ticket: ticketAmong(protocols), redeem, accept }, request, socket, head);
      };
      onWebSocketUpgrade(server, (request, socket, head) => {
        socket.on('error', () => socket.destroy());
        take(request, socket, head).catch(() => socket.destroy());
      });
    },
    async publish(message) {
      checkMessage(message);
      const { sub, topic, data, id } = message;
      const appended = await (await opening).append(principalOf({ sub }, 0).owner, topic, data, id);
      if (!appended) throw new RangeError(`${sub} has too many topics to begin ${topic}.`);
      return appended.offset;
    },
    history: async ({ sub, topic }) => readHistory(await opening, principalOf({ sub }, 0).owner, topic),
    revoke: async (session) => (await opening).revoke(session),
    async close() {
      const { sockets, drain, stop } = await opening;
      const open = sockets();
      drain();
      await closeConnections(open, SOCKETS_CLOSE_WITHIN_MS);
      await stop();
    },
  };
};
