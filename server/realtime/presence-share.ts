import { parseJson } from '../../src/protocol/schema/json.ts';
import { number, object, string, unknown, type Infer } from '../../src/protocol/schema/schema.ts';
import { list, optional, withDefault } from '../../src/protocol/schema/schema-types.ts';
import { startTimer } from '../../src/protocol/timing/timer.ts';
import type { Storage } from '../storage/storage.ts';

/** Who is present on the other instances. */
export type PresenceShare = {
  /** The members of a topic on the other instances, by name, with their states. */
  others(owner: string, topic: string): ReadonlyMap<string, unknown>;
  /** Begins to follow the topic. Resolves when `others` is complete. */
  follow(owner: string, topic: string): Promise<void>;
  unfollow(owner: string, topic: string): void;
  /** Writes the members of this instance. */
  publish(owner: string, topic: string, members: readonly SharedMember[]): void;
  /** Writes that this instance stops. Its members count for a grace, within which they come back elsewhere. */
  stop(): Promise<void>;
};

/** What one instance says of one topic. `leftAt`: when it stopped. Its members then count for the grace. */
export const SHARED_PRESENCE = object({
  leftAt: optional(number),
  members: list(object({ host: string, state: withDefault(unknown, null) })),
});
export type SharedMember = Infer<typeof SHARED_PRESENCE>['members'][number];

type Room = {
  owner: string;
  topic: string;
  /** Local members, as they are in the store. */
  own: readonly SharedMember[];
  others: ReadonlyMap<string, unknown>;
  loading: Promise<void>;
  cancel: () => void;
  stop: () => void;
};

const ROOM_MS = 60 * 60 * 1000;
/** Well before a room expires. */
const WRITE_AGAIN_MS = 20 * 60 * 1000;
/** An instance that dies loses its lease, without a message. */
const LOOK_EVERY_MS = 2_000;

const same = (a: ReadonlyMap<string, unknown>, b: ReadonlyMap<string, unknown>): boolean =>
  JSON.stringify([...a]) === JSON.stringify([...b]);

/** `onChange`: the members on the other instances have changed. `now`: ms since the Unix epoch, on all instances. */
export const createPresenceShare = (
  { collection, bus, fleet }: Pick<Storage, 'collection' | 'bus' | 'fleet'>,
  onChange: (owner: string, topic: string) => void,
  { graceMs, now }: { graceMs: number; now: () => number },
): PresenceShare => {
  const rooms = new Map<string, Room>();
  const keyOf = (owner: string, topic: string): string => `${owner}/${topic}`;
  const nameOf = ({ owner, topic }: Pick<Room, 'owner' | 'topic'>): string =>
    `here/${owner}/${encodeURIComponent(topic)}`;

  const load = async (room: Room): Promise<void> => {
    const entries = await collection.all(nameOf(room));
    const others = new Map<string, unknown>();
    let next = Infinity;
    for (const { member: instance, value } of entries) {
      const shared = SHARED_PRESENCE.read(parseJson(value));
      if (!shared || instance === fleet.id) continue;
      const until = shared.leftAt === undefined ? undefined : shared.leftAt + graceMs;
      const counts = until === undefined ? await fleet.isAlive(instance) : until > now();
      if (!counts) continue;
      if (until !== undefined) next = Math.min(next, until);
      for (const { host, state } of shared.members) others.set(host, state);
    }
    room.cancel();
    room.cancel = next === Infinity ? () => undefined : startTimer(() => reload(room), Math.max(1, next - now()));
    const isChanged = !same(room.others, others);
    room.others = others;
    if (isChanged) onChange(room.owner, room.topic);
  };

  /** One after the other, so that the last answer is the newest. */
  const reload = (room: Room): void => {
    room.loading = room.loading.then(() => load(room)).catch(() => undefined);
  };

  const write = async (room: Room, leftAt?: number): Promise<void> => {
    const value = JSON.stringify({ ...(leftAt === undefined ? {} : { leftAt }), members: room.own });
    await collection.add(nameOf(room), { member: fleet.id, value }, ROOM_MS);
    await bus.publish(`here/${room.owner}`, room.topic);
  };

  let known = fleet.members();
  const lookTimer = setInterval(() => {
    if (known === fleet.members()) return;
    known = fleet.members();
    for (const room of rooms.values()) reload(room);
  }, LOOK_EVERY_MS);
  const writeTimer = setInterval(() => {
    for (const room of rooms.values()) if (room.own.length > 0) void write(room).catch(() => undefined);
  }, WRITE_AGAIN_MS);
  // What this instance said may be lost with the store, and what others said is unknown.
  bus.onResumed(() => {
    for (const room of rooms.values()) {
      if (room.own.length > 0) void write(room).catch(() => undefined);
      reload(room);
    }
  });

  const open = (owner: string, topic: string): Room => {
    const key = keyOf(owner, topic);
    const found = rooms.get(key);
    if (found) return found;
    const room: Room = {
      ...{ owner, topic, own: [], others: new Map() },
      loading: Promise.resolve(),
      cancel: () => undefined,
      stop: () => undefined,
    };
    rooms.set(key, room);
    const listener = (changed: string): void => {
      if (changed === topic) reload(room);
    };
    room.loading = bus
      .subscribe(`here/${owner}`, listener)
      .then((stop) => {
        room.stop = stop;
        return load(room);
      })
      .catch(() => undefined);
    return room;
  };

  return {
    others: (owner, topic) => rooms.get(keyOf(owner, topic))?.others ?? new Map(),
    follow: (owner, topic) => open(owner, topic).loading,
    unfollow(owner, topic) {
      const room = rooms.get(keyOf(owner, topic));
      if (!room || room.own.length > 0) return;
      rooms.delete(keyOf(owner, topic));
      room.cancel();
      void room.loading.then(() => room.stop());
    },
    publish(owner, topic, members) {
      const room = open(owner, topic);
      room.own = members;
      void write(room).catch(() => undefined);
    },
    async stop() {
      clearInterval(lookTimer);
      clearInterval(writeTimer);
      const leftAt = now();
      await Promise.all(
        [...rooms.values()].map(async (room) => {
          room.cancel();
          room.stop();
          if (room.own.length > 0) await write(room, leftAt).catch(() => undefined);
        }),
      );
    },
  };
};
