import type { Member } from '../../protocol/bridge/realtime-frames.ts';
import type { TabMessage } from '../../protocol/bridge/tab-messages.ts';
import { MAX_STATE_LENGTH } from '../../protocol/cursor.ts';
import { failed, ok, type Problem } from '../../protocol/problem.ts';
import { topicError } from './channel-reader.ts';
import type { RealtimeFrame } from '../../protocol/bridge/realtime-frames.ts';
import type { Presence, PresenceEvent } from '../types/channel-types.ts';

/** One `presence()` object of the page. `state` is JSON after its first update. */
type View = { state: string | undefined; problem: Problem | undefined };
type TopicEntry = {
  members: readonly Member[];
  /** In order of their last update. */
  views: Set<View>;
  /** Resolvers of the iterators that wait for a change. */
  changed: Set<() => void>;
  isQueued: boolean;
};

export type Presences = {
  /** `onClose` is called once. With a `problem` the presence has ended already. */
  open(topic: string, onClose: (presence: Presence) => void, problem?: Problem): Presence;
  /** Ends the presences in a topic that the server refuses. */
  refuse(topic: string, problem: Problem): void;
  receive(frame: RealtimeFrame & { type: 'here' }): void;
  /** A new port is open: sends the page's states again. */
  portOpened(): void;
  /** The user has changed: no presence of the former user stays open. */
  closeAll(): void;
};

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** The first difference between the members that a reader knows and the current ones. A slow reader gets the sum of changes. */
const differenceOf = (known: Map<string, Member>, members: readonly Member[]): PresenceEvent | undefined => {
  const gone = [...known.values()].find(({ id }) => !members.some((member) => member.id === id));
  if (gone) {
    known.delete(gone.id);
    return { type: 'left', member: gone };
  }
  for (const member of members) {
    const before = known.get(member.id);
    if (before && isSame(before.state, member.state)) continue;
    known.set(member.id, member);
    return { type: before ? 'updated' : 'joined', member };
  }
  return undefined;
};

const jsonOf = (state: unknown): string | Problem => {
  try {
    const json = JSON.stringify(state);
    if (json === undefined) return { code: 'bad-message', detail: 'state is not JSON' };
    return json.length > MAX_STATE_LENGTH
      ? { code: 'over-limit', detail: 'state-length', max: MAX_STATE_LENGTH }
      : json;
  } catch {
    return { code: 'bad-message', detail: 'state is not JSON' };
  }
};

export const createPresences = (post: (message: TabMessage) => unknown): Presences => {
  const topics = new Map<string, TopicEntry>();
  /** By the function that closes it. */
  const open = new Map<() => void, { topic: string; view: View }>();

  const postState = (topic: string, entry: TopicEntry): void => {
    entry.isQueued = false;
    if (topics.get(topic) !== entry) return;
    const state = [...entry.views].findLast((view) => view.state !== undefined)?.state ?? 'null';
    post({ type: 'present', topic, state });
  };

  /** Waits for the end of this task: a presence that is updated at once then joins with its state. */
  const postStateSoon = (topic: string, entry: TopicEntry): void => {
    if (entry.isQueued) return;
    entry.isQueued = true;
    queueMicrotask(() => postState(topic, entry));
  };

  const wake = (entry: TopicEntry): void => {
    for (const done of entry.changed) done();
    entry.changed.clear();
  };

  const newEntry = (): TopicEntry => ({ members: [], views: new Set(), changed: new Set(), isQueued: false });

  const entryOf = (topic: string): TopicEntry => {
    const entry = topics.get(topic) ?? newEntry();
    topics.set(topic, entry);
    return entry;
  };

  const start: Presences['open'] = (topic, onClose, problem) => {
    const entry = problem ? newEntry() : entryOf(topic);
    const view: View = { state: undefined, problem };
    if (!problem) {
      entry.views.add(view);
      postStateSoon(topic, entry);
    }

    const close = (): void => {
      if (!entry.views.delete(view)) return;
      open.delete(close);
      if (entry.views.size > 0) postStateSoon(topic, entry);
      else topics.delete(topic);
      wake(entry);
      onClose(presence);
    };
    if (!problem) open.set(close, { topic, view });

    const presence: Presence = {
      get members() {
        return entry.views.has(view) ? entry.members : [];
      },
      update: (state) => {
        const json = jsonOf(state);
        if (typeof json !== 'string') return failed(json);
        if (!entry.views.delete(view)) return failed(view.problem ?? { code: 'cancelled' });
        view.state = json;
        entry.views.add(view);
        postStateSoon(topic, entry);
        return ok(null);
      },
      async *[Symbol.asyncIterator]() {
        const known = new Map<string, Member>();
        while (entry.views.has(view)) {
          const event = differenceOf(known, entry.members);
          if (event) yield event;
          else await new Promise<void>((resolve) => entry.changed.add(resolve));
        }
        if (view.problem) throw topicError(topic, view.problem);
      },
      close,
    };
    return presence;
  };

  return {
    open: start,
    refuse: (name, problem) => {
      for (const [close, { topic, view }] of [...open]) {
        if (topic !== name) continue;
        view.problem = problem;
        close();
      }
    },
    receive: ({ topic, members }) => {
      const entry = topics.get(topic);
      if (!entry) return;
      entry.members = members;
      wake(entry);
    },
    portOpened: () => {
      for (const [topic, entry] of topics) postState(topic, entry);
    },
    closeAll: () => {
      for (const close of [...open.keys()]) close();
    },
  };
};
