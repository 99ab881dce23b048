import { isDeepStrictEqual } from 'node:util';
import type { ServerFrame } from '../../src/protocol/frames.ts';
import { parseJson } from '../../src/protocol/schema/json.ts';
import { object, string, unknown, type Infer } from '../../src/protocol/schema/schema.ts';
import { list, withDefault } from '../../src/protocol/schema/schema-types.ts';
import { startTimer } from '../../src/protocol/timing/timer.ts';
import type { Store } from '../base/store.ts';
import type { PresenceShare } from './presence-share.ts';

/** A connection that can be present in topics and watch who else is. */
export type PresenceSocket = {
  readonly owner: string;
  /** Name of the browser profile. All its sockets count as one member. */
  readonly host: string;
  send(frame: ServerFrame): void;
};

/** The members on disk, for the next server. `state`: what the member published about itself. */
export const SAVED_PRESENCE = list(
  object({ owner: string, topic: string, host: string, state: withDefault(unknown, null) }),
);
export type PresenceRecord = Infer<typeof SAVED_PRESENCE>[number];

/** The members of each topic. A disconnected member stays for a grace period, so that a reconnect is no leave and join. */
export type PresenceTracker = {
  enter(socket: PresenceSocket, topic: string): void;
  /** `now`: the client left on purpose. */
  leave(socket: PresenceSocket, topic: string, when: 'now' | 'after the grace'): void;
  /** Sends the members to this socket, now and after each change. `state`: what the member publishes about itself. */
  watch(socket: PresenceSocket, topic: string, state?: unknown): void;
  /** Stops all timers, and returns the members. */
  stop(): Promise<readonly PresenceRecord[]>;
};

type Member = { sockets: Set<PresenceSocket>; state: unknown; leaving: (() => void) | undefined };
type TopicPresence = {
  owner: string;
  topic: string;
  members: Map<string, Member>;
  watchers: Set<PresenceSocket>;
  sent?: string;
};

export const PRESENCE_GRACE_MS = 10_000;
const KEY = 'presence';
/** How long the members of the last server stay on disk. */
const RECORD_TTL_MS = 60_000;

/** As text, because the store's encoding changes some states: see `STORED_EVENT`. Version 0.1 wrote a list. */
export const savePresence = (store: Store, present: readonly PresenceRecord[]): Promise<void> =>
  store.put(KEY, JSON.stringify(present), { ttlMs: RECORD_TTL_MS });

/** Reads and removes the members of the last server. */
export const takeSavedPresence = (store: Store): Promise<readonly PresenceRecord[]> =>
  store.update([KEY], ([stored]) => ({
    result: SAVED_PRESENCE.read(typeof stored === 'string' ? parseJson(stored) : stored) ?? [],
    writes: [{ key: KEY, remove: true }],
  }));

export type PresenceOptions = {
  graceMs?: number | undefined;
  /** The members when the last server stopped. They have the same grace period. */
  restored?: readonly PresenceRecord[] | undefined;
  /** The members on other instances. `onChange`: they have changed. */
  share?: ((onChange: (owner: string, topic: string) => void, graceMs: number) => PresenceShare) | undefined;
};

export const createPresenceTracker = ({
  graceMs = PRESENCE_GRACE_MS,
  restored = [],
  share: openShare,
}: PresenceOptions): PresenceTracker => {
  const topics = new Map<string, TopicPresence>();
  const keyOf = (owner: string, topic: string): string => `${owner}/${topic}`;
  const find = ({ owner }: PresenceSocket, topic: string): TopicPresence | undefined => topics.get(keyOf(owner, topic));

  const presenceOf = (owner: string, topic: string): TopicPresence => {
    const key = keyOf(owner, topic);
    const presence: TopicPresence = topics.get(key) ?? { owner, topic, members: new Map(), watchers: new Set() };
    topics.set(key, presence);
    return presence;
  };

  const share = openShare?.((owner, topic) => {
    const presence = topics.get(keyOf(owner, topic));
    if (presence) sendChange(presence);
  }, graceMs);

  /** A member that is on two instances, because it moves from one to the other, counts once. */
  const membersOf = ({ owner, topic, members }: TopicPresence): ReadonlyMap<string, unknown> => {
    const all = new Map([...members].map(([name, { state }]) => [name, state]));
    for (const [name, state] of share?.others(owner, topic) ?? []) if (!all.has(name)) all.set(name, state);
    return all;
  };
  const textOf = (presence: TopicPresence): string =>
    JSON.stringify([...membersOf(presence)].toSorted(([x], [y]) => (x < y ? -1 : 1)));

  const sendMembers = (presence: TopicPresence, to: Iterable<PresenceSocket>): void => {
    const members = membersOf(presence);
    const frame: ServerFrame = ['here', presence.topic, [...members.keys()], [...members.values()]];
    for (const socket of to) socket.send(frame);
  };

  /** Instances report the same change one after the other, and in their own order. */
  const sendChange = (presence: TopicPresence): void => {
    const known = presence.sent;
    presence.sent = textOf(presence);
    if (presence.sent !== known) sendMembers(presence, presence.watchers);
  };

  const changed = (presence: TopicPresence): void => {
    const { owner, topic, members } = presence;
    share?.publish(
      owner,
      topic,
      [...members].map(([host, { state }]) => ({ host, state })),
    );
    sendChange(presence);
  };

  const remove = (presence: TopicPresence, name: string): void => {
    presence.members.delete(name);
    if (presence.members.size === 0) topics.delete(keyOf(presence.owner, presence.topic));
    changed(presence);
    if (presence.members.size === 0) share?.unfollow(presence.owner, presence.topic);
  };

  const removeLater = (presence: TopicPresence, name: string): (() => void) =>
    startTimer(() => remove(presence, name), graceMs);

  for (const { owner, topic, host, state } of restored) {
    const presence = presenceOf(owner, topic);
    presence.members.set(host, { sockets: new Set(), state, leaving: removeLater(presence, host) });
  }

  return {
    enter(socket, topic) {
      const presence = presenceOf(socket.owner, topic);
      const known = presence.members.get(socket.host);
      known?.leaving?.();
      const sockets = (known?.sockets ?? new Set<PresenceSocket>()).add(socket);
      const state = known?.state ?? share?.others(socket.owner, topic).get(socket.host) ?? null;
      presence.members.set(socket.host, { sockets, state, leaving: undefined });
      if (!known) changed(presence);
    },
    leave(socket, topic, when) {
      const presence = find(socket, topic);
      const member = presence?.members.get(socket.host);
      if (!presence || !member?.sockets.delete(socket)) return;
      presence.watchers.delete(socket);
      if (member.sockets.size > 0) return;
      if (when === 'now') return remove(presence, socket.host);
      member.leaving = removeLater(presence, socket.host);
    },
    watch(socket, topic, state) {
      const presence = find(socket, topic);
      const member = presence?.members.get(socket.host);
      if (!presence || !member?.sockets.has(socket)) return;
      // A worker that reconnects publishes a state that the others may have already.
      if (state !== undefined && !isDeepStrictEqual(state, member.state)) {
        member.state = state;
        presence.watchers.add(socket);
        return changed(presence);
      }
      // Watches from its first list on: the members elsewhere, which that list waits for, would else come twice.
      const answer = (): void => {
        if (!member.sockets.has(socket)) return;
        presence.watchers.add(socket);
        presence.sent ??= textOf(presence);
        sendMembers(presence, [socket]);
      };
      if (share) void share.follow(socket.owner, topic).then(answer);
      else answer();
    },
    async stop() {
      const present = [...topics.values()].flatMap(({ owner, topic, members }) =>
        [...members].map(([host, { state, leaving }]) => {
          leaving?.();
          return { owner, topic, host, state };
        }),
      );
      topics.clear();
      await share?.stop();
      return present;
    },
  };
};
