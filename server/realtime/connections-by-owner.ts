import type { WebSocket } from 'ws';
import { CLOSE_CODE } from '../../src/protocol/frames.ts';
import { StoreUnavailable } from '../base/store.ts';

/** Open sockets of one person on one endpoint: browsers, devices, and sockets that are about to close. */
const MAX_PER_OWNER = 64;
/** Pause for a client that has too many sockets or subscriptions (ms). */
export const TOO_MANY_PAUSE_MS = 60_000;

/** Close reason that asks the client to wait before it reconnects (at most 123 bytes, RFC 6455 §5.5.1). */
export const retryAfterReason = (ms: number): string => JSON.stringify({ ra: ms });

/** How a socket closes after this error. A store that cannot write now asks the client to come back later. */
export const closeFor = (error: unknown): { code: number; reason: string } =>
  error instanceof StoreUnavailable
    ? { code: CLOSE_CODE.tryLater, reason: retryAfterReason(error.retryAfterSeconds * 1_000) }
    : { code: CLOSE_CODE.serverError, reason: 'server error' };

/** Open connections, indexed by owner: an event goes to its owner only, without a loop over all connections. */
export type ConnectionsByOwner<T> = {
  readonly size: number;
  all(): readonly T[];
  of(owner: string): Iterable<T>;
  has(owner: string): boolean;
  /** Whether the owner may have one more connection. If not, closes the socket. */
  checkLimit(owner: string, ws: WebSocket): boolean;
  add(owner: string, connection: T): void;
  remove(owner: string, connection: T): void;
};

export const createConnectionsByOwner = <T>(): ConnectionsByOwner<T> => {
  const all = new Set<T>();
  const byOwner = new Map<string, Set<T>>();
  return {
    get size() {
      return all.size;
    },
    all: () => [...all],
    of: (owner) => byOwner.get(owner) ?? [],
    has: (owner) => byOwner.has(owner),
    checkLimit(owner, ws) {
      const isBelowLimit = (byOwner.get(owner)?.size ?? 0) < MAX_PER_OWNER;
      if (!isBelowLimit) ws.close(CLOSE_CODE.slowDown, retryAfterReason(TOO_MANY_PAUSE_MS));
      return isBelowLimit;
    },
    add(owner, connection) {
      all.add(connection);
      byOwner.set(owner, (byOwner.get(owner) ?? new Set<T>()).add(connection));
    },
    remove(owner, connection) {
      all.delete(connection);
      const own = byOwner.get(owner);
      own?.delete(connection);
      if (own?.size === 0) byOwner.delete(owner);
    },
  };
};
