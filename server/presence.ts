import { isDeepStrictEqual } from 'node:util';
import type { ServerFrame } from '../src/protocol/frames.ts';

/** One that may be present, and be told who else is. */
export type Attendant = {
  readonly owner: string;
  /** Name of the browser profile: all its sockets are one attendant to others. */
  readonly host: string;
  send(frame: ServerFrame): void;
};

/** Who listens to a topic. A host that is cut off has a grace to come back in, so that a restart is no leave and join. */
export type Presence = {
  enter(attendant: Attendant, topic: string): void;
  /** `now`: it said so itself. */
  leave(attendant: Attendant, topic: string, when: 'now' | 'after the grace'): void;
  /** From now on it is told who is here, whenever that changes. `state`, if any: what its host says of itself. */
  watch(attendant: Attendant, topic: string, state?: unknown): void;
  stop(): void;
};

type Host = { sockets: Set<Attendant>; state: unknown; leaving: NodeJS.Timeout | undefined };
type Room = { hosts: Map<string, Host>; watchers: Set<Attendant> };

export const PRESENCE_GRACE_MS = 10_000;

export const createPresence = (graceMs = PRESENCE_GRACE_MS): Presence => {
  const rooms = new Map<string, Room>();

  const tell = (topic: string, { hosts }: Room, to: Iterable<Attendant>): void => {
    const states = [...hosts.values()].map(({ state }) => state);
    for (const attendant of to) attendant.send(['here', topic, [...hosts.keys()], states]);
  };

  const keyOf = ({ owner }: Attendant, topic: string): string => `${owner}/${topic}`;

  const remove = (key: string, topic: string, room: Room, name: string): void => {
    room.hosts.delete(name);
    if (room.hosts.size === 0) rooms.delete(key);
    else tell(topic, room, room.watchers);
  };

  return {
    enter(attendant, topic) {
      const key = keyOf(attendant, topic);
      const room = rooms.get(key) ?? { hosts: new Map<string, Host>(), watchers: new Set<Attendant>() };
      rooms.set(key, room);
      const known = room.hosts.get(attendant.host);
      clearTimeout(known?.leaving);
      const sockets = (known?.sockets ?? new Set<Attendant>()).add(attendant);
      room.hosts.set(attendant.host, { sockets, state: known?.state ?? null, leaving: undefined });
      if (!known) tell(topic, room, room.watchers);
    },
    leave(attendant, topic, when) {
      const key = keyOf(attendant, topic);
      const room = rooms.get(key);
      const host = room?.hosts.get(attendant.host);
      if (!room || !host?.sockets.delete(attendant)) return;
      room.watchers.delete(attendant);
      if (host.sockets.size > 0) return;
      if (when === 'now') return remove(key, topic, room, attendant.host);
      host.leaving = setTimeout(() => remove(key, topic, room, attendant.host), graceMs);
    },
    watch(attendant, topic, state) {
      const room = rooms.get(keyOf(attendant, topic));
      const host = room?.hosts.get(attendant.host);
      if (!room || !host?.sockets.has(attendant)) return;
      room.watchers.add(attendant);
      // A worker that comes back says again what the others know.
      const isNews = state !== undefined && !isDeepStrictEqual(state, host.state);
      if (isNews) host.state = state;
      tell(topic, room, isNews ? room.watchers : [attendant]);
    },
    stop() {
      for (const { hosts } of rooms.values()) for (const { leaving } of hosts.values()) clearTimeout(leaving);
    },
  };
};
