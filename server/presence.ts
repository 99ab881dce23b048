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
  /** From now on it is told who is here, whenever that changes. */
  watch(attendant: Attendant, topic: string): void;
  stop(): void;
};

type Host = { sockets: Set<Attendant>; leaving: NodeJS.Timeout | undefined };
type Room = { hosts: Map<string, Host>; watchers: Set<Attendant> };

export const PRESENCE_GRACE_MS = 10_000;

export const createPresence = (graceMs = PRESENCE_GRACE_MS): Presence => {
  const rooms = new Map<string, Room>();

  const tell = (topic: string, { hosts }: Room, to: Iterable<Attendant>): void => {
    for (const attendant of to) attendant.send(['here', topic, [...hosts.keys()]]);
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
      const host: Host = { sockets: (known?.sockets ?? new Set<Attendant>()).add(attendant), leaving: undefined };
      room.hosts.set(attendant.host, host);
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
    watch(attendant, topic) {
      const room = rooms.get(keyOf(attendant, topic));
      if (!room?.hosts.get(attendant.host)?.sockets.has(attendant)) return;
      room.watchers.add(attendant);
      tell(topic, room, [attendant]);
    },
    stop() {
      for (const { hosts } of rooms.values()) for (const { leaving } of hosts.values()) clearTimeout(leaving);
    },
  };
};
