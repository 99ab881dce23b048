import { isDeepStrictEqual } from 'node:util';
import type { ServerFrame } from '../../src/protocol/frames.ts';
import { isObject, own } from '../../src/protocol/json.ts';
import { shape, text } from '../base/validate.ts';
import type { Store } from '../base/store.ts';

/** One that may be present, and be told who else is. */
export type PresenceSocket = {
  readonly owner: string;
  /** Name of the browser profile: all its sockets are one attendant to others. */
  readonly host: string;
  send(frame: ServerFrame): void;
};

/** One of those who are here, as it outlives the server that knew it. `state`: what it says of itself. */
export type PresenceRecord = { owner: string; topic: string; host: string; state: unknown };

/** Who listens to a topic. A host that is cut off has a grace to come back in, so that a restart is no leave and join. */
export type Presence = {
  enter(attendant: PresenceSocket, topic: string): void;
  /** `now`: it said so itself. */
  leave(attendant: PresenceSocket, topic: string, when: 'now' | 'after the grace'): void;
  /** From now on it is told who is here, whenever that changes. `state`, if any: what its host says of itself. */
  watch(attendant: PresenceSocket, topic: string, state?: unknown): void;
  /** Nobody leaves any more; tells who is here. */
  stop(): readonly PresenceRecord[];
};

type Host = { sockets: Set<PresenceSocket>; state: unknown; leaving: NodeJS.Timeout | undefined };
type TopicPresence = { owner: string; topic: string; hosts: Map<string, Host>; watchers: Set<PresenceSocket> };

export const PRESENCE_GRACE_MS = 10_000;
const KEY = 'presence';
/** A server that is back sooner than this knows who was here. */
const RESTARTS_WITHIN_MS = 60_000;

const parseName = shape({ owner: text, topic: text, host: text });
const parsePresent = (value: unknown): PresenceRecord | undefined => {
  const name = parseName(value);
  return name && isObject(value) ? { ...name, state: own(value, 'state') ?? null } : undefined;
};

export const savePresence = (store: Store, present: readonly PresenceRecord[]): Promise<void> =>
  store.put(KEY, present, RESTARTS_WITHIN_MS);

/** Those whom the last server left; once, for they were here then and not later. */
export const takeSavedPresence = (store: Store): Promise<readonly PresenceRecord[]> =>
  store.update([KEY], ([kept]) => ({
    result: Array.isArray(kept) ? kept.flatMap((one: unknown) => parsePresent(one) ?? []) : [],
    writes: [{ key: KEY, remove: true }],
  }));

/** `before`: those who were here when the last server stopped; they have the same grace. */
export const createPresence = (graceMs = PRESENCE_GRACE_MS, before: readonly PresenceRecord[] = []): Presence => {
  const rooms = new Map<string, TopicPresence>();
  const keyOf = (owner: string, topic: string): string => `${owner}/${topic}`;
  const find = ({ owner }: PresenceSocket, topic: string): TopicPresence | undefined => rooms.get(keyOf(owner, topic));

  const roomFor = (owner: string, topic: string): TopicPresence => {
    const key = keyOf(owner, topic);
    const room: TopicPresence = rooms.get(key) ?? { owner, topic, hosts: new Map(), watchers: new Set() };
    rooms.set(key, room);
    return room;
  };

  const tell = ({ topic, hosts }: TopicPresence, to: Iterable<PresenceSocket>): void => {
    const states = [...hosts.values()].map(({ state }) => state);
    for (const attendant of to) attendant.send(['here', topic, [...hosts.keys()], states]);
  };

  const remove = (room: TopicPresence, name: string): void => {
    room.hosts.delete(name);
    if (room.hosts.size === 0) rooms.delete(keyOf(room.owner, room.topic));
    else tell(room, room.watchers);
  };

  const removeLater = (room: TopicPresence, name: string): NodeJS.Timeout =>
    setTimeout(() => remove(room, name), graceMs);

  for (const { owner, topic, host, state } of before) {
    const room = roomFor(owner, topic);
    room.hosts.set(host, { sockets: new Set(), state, leaving: removeLater(room, host) });
  }

  return {
    enter(attendant, topic) {
      const room = roomFor(attendant.owner, topic);
      const known = room.hosts.get(attendant.host);
      clearTimeout(known?.leaving);
      const sockets = (known?.sockets ?? new Set<PresenceSocket>()).add(attendant);
      room.hosts.set(attendant.host, { sockets, state: known?.state ?? null, leaving: undefined });
      if (!known) tell(room, room.watchers);
    },
    leave(attendant, topic, when) {
      const room = find(attendant, topic);
      const host = room?.hosts.get(attendant.host);
      if (!room || !host?.sockets.delete(attendant)) return;
      room.watchers.delete(attendant);
      if (host.sockets.size > 0) return;
      if (when === 'now') return remove(room, attendant.host);
      host.leaving = removeLater(room, attendant.host);
    },
    watch(attendant, topic, state) {
      const room = find(attendant, topic);
      const host = room?.hosts.get(attendant.host);
      if (!room || !host?.sockets.has(attendant)) return;
      room.watchers.add(attendant);
      // A worker that comes back says again what the others know.
      const isNews = state !== undefined && !isDeepStrictEqual(state, host.state);
      if (isNews) host.state = state;
      tell(room, isNews ? room.watchers : [attendant]);
    },
    stop() {
      const present = [...rooms.values()].flatMap(({ owner, topic, hosts }) =>
        [...hosts].map(([host, { state, leaving }]) => {
          clearTimeout(leaving);
          return { owner, topic, host, state };
        }),
      );
      rooms.clear();
      return present;
    },
  };
};
