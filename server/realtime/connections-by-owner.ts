import type { WebSocket } from 'ws';
import { CLOSE_CODE } from '../../src/protocol/frames.ts';

/** Sockets that one person may have open of a kind: tabs' workers, devices, and some that are about to go. */
const MAX_PER_OWNER = 64;
const OVERLOAD_PAUSE_MS = 60_000;

/** The wait that a close announces to the client, in its reason (123 bytes at most, RFC 6455 §5.5.1). */
export const retryAfter = (ms: number): string => JSON.stringify({ ra: ms });

/** What is open, and for whom: an event is for its owner alone, and is to cost nothing for each socket of others. */
export type ConnectionsByOwner<T> = {
  readonly size: number;
  all(): readonly T[];
  of(owner: string): Iterable<T>;
  /** `false`, and the socket is being closed: this person has enough of them. */
  hasRoom(owner: string, ws: WebSocket): boolean;
  add(owner: string, one: T): void;
  remove(owner: string, one: T): void;
};

export const createConnectionsByOwner = <T>(): ConnectionsByOwner<T> => {
  const everyone = new Set<T>();
  const byOwner = new Map<string, Set<T>>();
  return {
    get size() {
      return everyone.size;
    },
    all: () => [...everyone],
    of: (owner) => byOwner.get(owner) ?? [],
    hasRoom(owner, ws) {
      const hasRoom = (byOwner.get(owner)?.size ?? 0) < MAX_PER_OWNER;
      if (!hasRoom) ws.close(CLOSE_CODE.slowDown, retryAfter(OVERLOAD_PAUSE_MS));
      return hasRoom;
    },
    add(owner, one) {
      everyone.add(one);
      byOwner.set(owner, (byOwner.get(owner) ?? new Set<T>()).add(one));
    },
    remove(owner, one) {
      everyone.delete(one);
      const own = byOwner.get(owner);
      own?.delete(one);
      if (own?.size === 0) byOwner.delete(owner);
    },
  };
};
