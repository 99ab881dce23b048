import type { WebSocket } from 'ws';
import { CLOSE_CODE, type ProfileIdentity } from '../../src/protocol/frames.ts';
import type { ServerClock } from '../base/server-clock.ts';
import { createConnectionsByOwner, retryAfterReason } from './connections-by-owner.ts';
import { HubConnection, type ConnectionHub, type FenceResult } from './hub-connection.ts';
import type { AdmissionControl } from '../limits/admission-control.ts';
import { createPresenceShare } from './presence-share.ts';
import { createPresenceTracker, savePresence, type PresenceRecord } from './presence-tracker.ts';
import type { Principal, SessionRevocations } from '../http/principal.ts';
import { digest } from '../base/crypto.ts';
import { parseJson } from '../../src/protocol/schema/json.ts';
import { string } from '../../src/protocol/schema/schema.ts';
import { count, tuple } from '../../src/protocol/schema/schema-types.ts';
import type { Storage } from '../storage/storage.ts';
import type { Decision } from '../base/store.ts';
import type { Tickets } from '../auth/tickets.ts';
import type { Topics } from './topics.ts';

export type Hub = {
  /** Takes over a socket. `principal`: from its ticket. */
  accept(ws: WebSocket, principal: Principal): void;
  /** All owners who connected since the start, for the fault route `publish`. */
  owners(): readonly string[];
  sockets(): readonly HubConnection[];
  /** Sends each client the time to reconnect, then closes its connection with 1012. */
  drain(): void;
  /** Resolves when the presence is on disk for the next server. */
  stop(): Promise<void>;
};

export const DEFAULT_HEARTBEAT_MS = 10_000;
/** Checks of each connection per heartbeat. */
const TICKS_PER_HEARTBEAT = 10;
const MAX_TICK_MS = 60_000;
/** How long the hub remembers the fence of a browser profile after its last connection. */
const FENCE_TTL_MS = 24 * 60 * 60 * 1000;

/** The digest, because a client chooses its name, and a key has a maximum length. */
const fenceKey = (owner: string, host: string): string => `host/${owner}/${digest(host)}`;

/** Channel for fences that grew: owner, browser profile, fence. */
const FENCES = 'fences';
const FENCE = tuple(string, string, count);

export const createTopicHub = (options: {
  storage: Pick<Storage, 'store' | 'bus' | 'collection' | 'fleet' | 'embedded'>;
  clock: ServerClock;
  topics: Topics;
  tickets: Pick<Tickets, 'redeem'>;
  revocations: SessionRevocations;
  admissionControl: AdmissionControl;
  heartbeatMs: number;
  presenceGraceMs?: number | undefined;
  present?: readonly PresenceRecord[] | undefined;
}): Hub => {
  const { storage, clock, topics, tickets, revocations, admissionControl, heartbeatMs } = options;
  const { store, bus } = storage;
  const connections = createConnectionsByOwner<HubConnection>();
  const owners = new Set<string>();
  const windowMs = (): number => admissionControl.windowMs(connections.size);

  const closeOlder = (owner: string, host: string, fence: number): void => {
    for (const other of connections.of(owner)) {
      const isOlder = other.host?.host === host && other.host.epoch < fence;
      if (isOlder) other.close(CLOSE_CODE.superseded, 'a newer worker is connected');
    }
  };

  /**
   * Rejects a worker whose fence is lower than that of another worker of the same browser profile. The highest fence is
   * on disk, so this also works after a restart of the server. The field on the wire is named `epoch`.
   */
  const checkFence = async (
    connection: HubConnection,
    { host, epoch: fence }: ProfileIdentity,
  ): Promise<FenceResult> => {
    const { owner } = connection.principal;
    const key = fenceKey(owner, host);
    const result = await store.update([key], ([current]): Decision<FenceResult | 'newer'> => {
      const highest = count.read(current);
      if (highest !== undefined && highest > fence) return { result: 'superseded' };
      return {
        result: highest === undefined ? 'new' : highest < fence ? 'newer' : 'known',
        writes: [{ key, value: fence, ttlMs: FENCE_TTL_MS }],
      };
    });
    if (result === 'superseded') return result;
    closeOlder(owner, host, fence);
    // Another instance may have the older worker. Only a fence that grew can be news to it.
    if (result === 'newer') await bus.publish(FENCES, JSON.stringify([owner, host, fence])).catch(() => undefined);
    return result === 'newer' ? 'known' : result;
  };

  /** Messages of other instances may be lost. */
  const lookAgain = async (): Promise<void> => {
    for (const connection of connections.all()) {
      connection.lookAgain();
      const { host, principal } = connection;
      if (!host) continue;
      const highest = count.read(await store.get(fenceKey(principal.owner, host.host)));
      if (highest !== undefined && highest > host.epoch) closeOlder(principal.owner, host.host, highest);
    }
  };
  bus.onResumed(() => void lookAgain().catch(() => undefined));
  bus
    .subscribe(FENCES, (message) => {
      const fence = FENCE.read(parseJson(message));
      if (fence) closeOlder(...fence);
    })
    .catch(() => undefined);

  const presence = createPresenceTracker({
    graceMs: options.presenceGraceMs,
    restored: options.present,
    share: storage.embedded
      ? undefined
      : (onChange, graceMs) => createPresenceShare(storage, onChange, { graceMs, now: clock.steadyNow }),
  });
  const connectionHub: ConnectionHub = {
    presence,
    topics,
    now: clock.now,
    heartbeatMs,
    windowMs,
    redeem: (ticket) => tickets.redeem('socket', ticket),
    checkFence,
    closed: (connection) => connections.remove(connection.principal.owner, connection),
  };

  const timer = setInterval(
    () => connections.all().forEach((connection) => connection.tick()),
    Math.min(heartbeatMs / TICKS_PER_HEARTBEAT, MAX_TICK_MS),
  );
  topics.subscribe((event) => {
    for (const connection of connections.of(event.owner)) connection.deliver(event);
  });
  revocations.subscribe({
    open: () => connections.all().map(({ principal }) => principal),
    end: (isRevoked) => {
      for (const connection of connections.all()) {
        if (isRevoked(connection.principal)) connection.close(CLOSE_CODE.unauthorized, 'session ended');
      }
    },
  });

  const stopPresence = async (): Promise<void> => {
    const present = await presence.stop();
    // On a full disk the next server starts without it: clients come back within their grace anyway.
    if (storage.embedded) await savePresence(store, present).catch(() => undefined);
  };

  return {
    accept(ws, principal) {
      const { owner } = principal;
      if (!connections.checkLimit(owner, ws)) return;
      owners.add(owner);
      const connection = new HubConnection(ws, principal, connectionHub);
      connections.add(owner, connection);
      // Another instance may have revoked the session after the ticket was redeemed, and before this line.
      revocations.isRevoked(principal.session).then(
        (isRevoked) => isRevoked && connection.close(CLOSE_CODE.unauthorized, 'session ended'),
        () => undefined,
      );
    },
    owners: () => [...owners],
    sockets: () => connections.all(),
    drain() {
      const window = windowMs();
      connections.all().forEach((connection, index) => {
        const ms = Math.round((window * index) / connections.size);
        connection.send(['drain', ms]);
        connection.close(CLOSE_CODE.restart, retryAfterReason(ms));
      });
    },
    stop: () => {
      clearInterval(timer);
      return stopPresence();
    },
  };
};
