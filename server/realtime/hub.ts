import type { WebSocket } from 'ws';
import { CLOSE_CODE, type ProfileIdentity } from '../../src/protocol/frames.ts';
import type { Clock } from '../base/clock.ts';
import { createConnectionsByOwner, retryAfter } from './connections-by-owner.ts';
import { HubConnection, type ConnectionHub } from './hub-connection.ts';
import type { AdmissionControl } from '../http/admission-control.ts';
import { createPresence, savePresence, type PresenceRecord } from './presence.ts';
import type { Principal, SessionRevocations } from '../http/principal.ts';
import { digest } from '../base/crypto.ts';
import { count } from '../base/validate.ts';
import type { Decision, Store } from '../base/store.ts';
import type { Tickets } from '../auth/tickets.ts';
import type { Topics } from './topics.ts';

export type Hub = {
  /** Takes over a socket whose ticket named this principal. */
  accept(ws: WebSocket, principal: Principal): void;
  /** Everyone whom a topic of the lab may concern. */
  owners(): readonly string[];
  sockets(): readonly HubConnection[];
  /** Tells everyone when to come back, then closes with 1012. */
  drain(): void;
  /** Resolves when the next server will know who was here. */
  stop(): Promise<void>;
};

export const DEFAULT_HEARTBEAT_MS = 10_000;
/** How often in a heartbeat each connection is looked at. */
const TICKS_PER_HEARTBEAT = 10;
/** How long a host is known after it was last here. */
const HOST_MEMORY_MS = 24 * 60 * 60 * 1000;

export const createHub = (parts: {
  store: Store;
  clock: Clock;
  topics: Topics;
  tickets: Tickets;
  ends: SessionRevocations;
  pace: AdmissionControl;
  heartbeatMs: number;
  presenceGraceMs?: number | undefined;
  present?: readonly PresenceRecord[] | undefined;
}): Hub => {
  const { store, clock, topics, tickets, ends, pace, heartbeatMs } = parts;
  const connections = createConnectionsByOwner<HubConnection>();
  const owners = new Set<string>();
  const windowMs = (): number => pace.windowMs(connections.size);

  /** The highest epoch of a host wins, for good: it is on disk, so an old worker is fenced off after a restart too. */
  const admit = async (
    connection: HubConnection,
    { host, epoch }: ProfileIdentity,
  ): Promise<'known' | 'new' | 'superseded'> => {
    const { owner } = connection.principal;
    // Any name that a client may have, and no longer than a key may be.
    const key = `host/${owner}/${digest(host)}`;
    const verdict = await store.update([key], ([current]): Decision<'known' | 'new' | 'superseded'> => {
      const highest = count(current);
      if (highest !== undefined && highest > epoch) return { result: 'superseded' };
      return {
        result: highest === undefined ? 'new' : 'known',
        writes: [{ key, value: epoch, ttlMs: HOST_MEMORY_MS }],
      };
    });
    if (verdict === 'superseded') return verdict;
    for (const other of connections.of(owner)) {
      const older = other !== connection && other.host?.host === host && other.host.epoch < epoch;
      if (older) other.close(CLOSE_CODE.superseded, 'a newer worker is connected');
    }
    return verdict;
  };

  const presence = createPresence(parts.presenceGraceMs, parts.present);
  const part: ConnectionHub = {
    presence,
    topics,
    now: clock.now,
    heartbeatMs,
    windowMs,
    redeem: (ticket) => tickets.redeem('socket', ticket),
    admit,
    closed: (connection) => connections.remove(connection.principal.owner, connection),
  };

  const timer = setInterval(
    () => connections.all().forEach((connection) => connection.tick()),
    heartbeatMs / TICKS_PER_HEARTBEAT,
  );
  topics.subscribe((event) => {
    for (const connection of connections.of(event.owner)) connection.deliver(event);
  });
  ends.subscribe((hasEnded) => {
    for (const connection of connections.all()) {
      if (hasEnded(connection.principal)) connection.close(CLOSE_CODE.unauthorized, 'session ended');
    }
  });

  return {
    accept(ws, principal) {
      const { owner } = principal;
      if (!connections.hasRoom(owner, ws)) return;
      owners.add(owner);
      connections.add(owner, new HubConnection(ws, principal, part));
    },
    owners: () => [...owners],
    sockets: () => connections.all(),
    drain() {
      const window = windowMs();
      connections.all().forEach((connection, index) => {
        const ms = Math.round((window * index) / connections.size);
        connection.send(['drain', ms]);
        connection.close(CLOSE_CODE.restart, retryAfter(ms));
      });
    },
    stop: () => {
      clearInterval(timer);
      return savePresence(store, presence.stop());
    },
  };
};
