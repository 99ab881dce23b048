import type { Member } from '../../protocol/bridge/realtime-frames.ts';
import type { TabMessage } from '../../protocol/bridge/bridge.ts';
import { MAX_STATE_LENGTH } from '../../protocol/cursor.ts';
import { failed, ok, type Problem } from '../../protocol/problem.ts';
import type { RealtimeFrame } from '../../protocol/bridge/realtime-frames.ts';
import type { Presence, PresenceEvent } from '../types/channel-types.ts';

/** One place of the page that is present at a topic; `state` is JSON once it has said something. */
type View = { state: string | undefined };
type Room = {
  members: readonly Member[];
  /** The one that spoke last is the last one. */
  views: Set<View>;
  /** Wakes whoever waits for a change. */
  changed: Set<() => void>;
  telling: boolean;
};

export type Presences = {
  /** `onClose` is called once. */
  open(topic: string, onClose: (presence: Presence) => void): Presence;
  receive(frame: RealtimeFrame & { type: 'here' }): void;
  /** A new port: what was said on the old one is said again. */
  portOpened(): void;
  /** Somebody has left: nobody else is present in their name. */
  closeAll(): void;
};

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** The first difference between what was told and what is; whoever is slow sees the sum of it, and nothing piles up. */
const differenceOf = (told: Map<string, Member>, members: readonly Member[]): PresenceEvent | undefined => {
  const gone = [...told.values()].find(({ id }) => !members.some((member) => member.id === id));
  if (gone) {
    told.delete(gone.id);
    return { type: 'left', member: gone };
  }
  for (const member of members) {
    const before = told.get(member.id);
    if (before && isSame(before.state, member.state)) continue;
    told.set(member.id, member);
    return { type: before ? 'updated' : 'joined', member };
  }
  return undefined;
};

const jsonOf = (state: unknown): string | Problem => {
  try {
    const json = JSON.stringify(state);
    if (json === undefined) return { code: 'bad-message', detail: 'state is not JSON' };
    return json.length > MAX_STATE_LENGTH ? { code: 'over-limit', detail: 'state' } : json;
  } catch {
    return { code: 'bad-message', detail: 'state is not JSON' };
  }
};

export const createPresences = (post: (message: TabMessage) => unknown): Presences => {
  const rooms = new Map<string, Room>();
  const closers = new Set<() => void>();

  const tell = (topic: string, room: Room): void => {
    room.telling = false;
    if (rooms.get(topic) !== room) return;
    const state = [...room.views].findLast((view) => view.state !== undefined)?.state ?? 'null';
    post({ type: 'present', topic, state });
  };

  /** At the end of this task: whoever says something of itself at once has come with it. */
  const tellSoon = (topic: string, room: Room): void => {
    if (room.telling) return;
    room.telling = true;
    queueMicrotask(() => tell(topic, room));
  };

  const wake = (room: Room): void => {
    for (const done of room.changed) done();
    room.changed.clear();
  };

  const roomOf = (topic: string): Room => {
    const room = rooms.get(topic) ?? { members: [], views: new Set(), changed: new Set(), telling: false };
    rooms.set(topic, room);
    return room;
  };

  const open: Presences['open'] = (topic, onClose) => {
    const room = roomOf(topic);
    const view: View = { state: undefined };
    room.views.add(view);
    tellSoon(topic, room);

    const close = (): void => {
      if (!room.views.delete(view)) return;
      closers.delete(close);
      if (room.views.size > 0) tellSoon(topic, room);
      else rooms.delete(topic);
      wake(room);
      onClose(presence);
    };
    closers.add(close);

    const presence: Presence = {
      get members() {
        return room.views.has(view) ? room.members : [];
      },
      update: (state) => {
        const json = jsonOf(state);
        if (typeof json !== 'string') return failed(json);
        if (!room.views.delete(view)) return failed({ code: 'cancelled' });
        view.state = json;
        room.views.add(view);
        tellSoon(topic, room);
        return ok(null);
      },
      async *[Symbol.asyncIterator]() {
        const told = new Map<string, Member>();
        while (room.views.has(view)) {
          const event = differenceOf(told, room.members);
          if (event) yield event;
          else await new Promise<void>((resolve) => room.changed.add(resolve));
        }
      },
      close,
    };
    return presence;
  };

  return {
    open,
    receive: ({ topic, members }) => {
      const room = rooms.get(topic);
      if (!room) return;
      room.members = members;
      wake(room);
    },
    portOpened: () => {
      for (const [topic, room] of rooms) tell(topic, room);
    },
    closeAll: () => {
      for (const close of closers) close();
    },
  };
};
