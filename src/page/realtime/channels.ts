import type { TabIntro, KeeperApi } from '../../protocol/bridge/bridge.ts';
import type { TabMessage } from '../../protocol/bridge/tab-messages.ts';
import type { Publication } from '../../protocol/bridge/calls.ts';
import { failed, ok, type Problem, type Result } from '../../protocol/problem.ts';
import { problemOfTopic } from '../../protocol/topic-name.ts';
import { newId } from '../../protocol/ids.ts';
import type { RealtimeFrame } from '../../protocol/bridge/realtime-frames.ts';
import { createPresences } from './presence.ts';
import { createReader, type Reader } from './channel-reader.ts';
import { advance, cursorOf, type Position } from './topic-position.ts';
import { withSnapshots } from './gap-recovery.ts';
import type { Channel, ChannelEvent, ChannelOptions, Message, Presence } from '../types/channel-types.ts';
import { waitForEvent } from '../util/timers.ts';

/** Publications in one call: each call takes as long as the disk, and the worker looks at no more than so much at once. */
const OFFERED_TOGETHER = 8;

/** `presences`: they listen too, and read nothing. */
type Topic = { place: Position; readers: Set<Reader>; presences: number };
type Published = { topic: string; data: unknown; settle(result: Result<{ offset: number }>): void };

export type Channels = {
  channel(topic: string, options?: ChannelOptions): Channel;
  /** What this page listens to and how far it has read, for a greeting. */
  topics(): TabIntro['topics'];
  receive(frame: RealtimeFrame): void;
  /** A new port takes messages. */
  portOpened(): void;
  /** A new worker answers: sends unacknowledged publications again with the same ids. */
  republish(): void;
  /** The page may be gone at any moment: publications wait for no earlier call. */
  hurry(isHurried: boolean): void;
  /** The user has changed: drops the unread events of the former user. */
  resetUser(): void;
  /** Settles what no server has acknowledged. What is in the outbox of its session is sent nevertheless. */
  cancelPublished(): void;
  close(): void;
};

const messagesOf = (reader: AsyncIterator<ChannelEvent, undefined>): AsyncIterator<Message, undefined> => ({
  next: async () => {
    for (;;) {
      const result = await reader.next();
      if (result.done) return result;
      const { value } = result;
      if (value.type === 'message') return { done: false, value };
    }
  },
  return: async () => {
    await reader.return?.();
    return { done: true, value: undefined };
  },
});

/** The network's return may be the end of it. */
const pauseOrOnline = (ms: number): Promise<unknown> => waitForEvent(window, 'online', ms);

export const createChannels = (
  publish: KeeperApi['publish'],
  post: (message: TabMessage) => unknown,
  pause: (ms: number) => Promise<unknown> = pauseOrOnline,
): Channels => {
  const topics = new Map<string, Topic>();
  const published = new Map<string, Published>();
  /** What is yet to be offered, in the order in which it was published. */
  let waiting = new Set<string>();
  let offering = false;
  let isHurried = false;
  let isQueued = false;
  const presences = createPresences(post);
  /** Ends with the person whose topics these are. */
  let person = new AbortController();

  const leave = (name: string, topic: Topic): void => {
    if (topic.readers.size > 0 || topic.presences > 0) return;
    topics.delete(name);
    post({ type: 'leave', topic: name });
  };

  const topicOf = (name: string): Topic => {
    const known = topics.get(name);
    if (known) return known;
    const topic: Topic = { place: { state: 'now' }, readers: new Set(), presences: 0 };
    topics.set(name, topic);
    post({ type: 'join', topic: name, cursor: null });
    return topic;
  };

  /** A reader of a name that is no topic fails, so the worker never gets the name. */
  const join = (name: string, onClose: (reader: Reader) => void): Reader => {
    const problem = problemOfTopic(name);
    if (problem) {
      const refused = createReader(name, () => undefined);
      refused.fail(problem);
      return refused;
    }
    const topic = topicOf(name);
    const reader = createReader(name, (closed) => {
      topic.readers.delete(closed);
      leave(name, topic);
      onClose(closed);
    });
    topic.readers.add(reader);
    return reader;
  };

  const refuse = (name: string, problem: Problem): void => {
    presences.refuse(name, problem);
    for (const reader of topics.get(name)?.readers ?? []) reader.fail(problem);
  };

  const attend = (name: string, onClose: (presence: Presence) => void): Presence => {
    const problem = problemOfTopic(name);
    if (problem) return presences.open(name, onClose, problem);
    const topic = topicOf(name);
    topic.presences += 1;
    return presences.open(name, (closed) => {
      topic.presences -= 1;
      // A page that leaves the topic altogether sends only that, not the end of its presence before.
      if (topic.presences === 0 && topic.readers.size > 0) post({ type: 'absent', topic: name });
      leave(name, topic);
      onClose(closed);
    });
  };

  const settle = (id: string, result: Result<{ offset: number }>): void => {
    published.get(id)?.settle(result);
    published.delete(id);
  };

  const messageOf = (id: string): Publication[] => {
    const message = published.get(id);
    return message ? [{ id, topic: message.topic, data: message.data }] : [];
  };

  /** Where one of several is refused, which it is, is found by asking for each; those that were taken stay so. */
  const offer = async (messages: readonly Publication[]): Promise<void> => {
    const taken = await publish(messages.length === 1 && messages[0] ? messages[0] : messages);
    if (taken.ok) return;
    for (const message of messages) {
      if (messages.length > 1) await offer([message]);
      else settle(message.id, failed(taken.problem));
    }
  };

  const takeSome = (): Publication[] => {
    const ids = [...waiting].slice(0, OFFERED_TOGETHER);
    for (const id of ids) waiting.delete(id);
    return ids.flatMap(messageOf);
  };

  const offerAtOnce = (): void => {
    while (waiting.size > 0) void offer(takeSome());
  };

  /**
   * One call at a time: one that dies with its worker is sent again behind those that found the next one. A page that may
   * be gone at any moment cannot wait for an answer.
   */
  const offerAll = async (): Promise<void> => {
    if (isHurried) offerAtOnce();
    if (offering) return;
    offering = true;
    while (waiting.size > 0) {
      const messages = takeSome();
      if (messages.length > 0) await offer(messages);
    }
    offering = false;
  };

  /** At the end of this task, so that all its publications share a call. The browser still runs it in `pagehide`. */
  const offerSoon = (): void => {
    if (isQueued) return;
    isQueued = true;
    queueMicrotask(() => {
      isQueued = false;
      void offerAll();
    });
  };

  const cancelPublished = (): void => {
    for (const id of [...published.keys()]) settle(id, failed({ code: 'cancelled' }));
  };

  const channel = (name: string, { snapshot: load }: ChannelOptions = {}): Channel => {
    const open = new Set<{ close(): void }>();
    const read = (): AsyncIterableIterator<ChannelEvent, undefined> => {
      const ending = new AbortController();
      const reader = join(name, (closed) => {
        ending.abort();
        open.delete(closed);
      });
      open.add(reader);
      // Safari before 17.4 has no `AbortSignal.any`.
      const until = (): AbortSignal => {
        const either = new AbortController();
        const end = (): void => either.abort();
        if (ending.signal.aborted) end();
        for (const { signal } of [ending, person]) signal.addEventListener('abort', end, { signal: either.signal });
        return either.signal;
      };
      return load ? withSnapshots(reader, { topic: name, load, until, pause }) : reader;
    };
    return {
      [Symbol.asyncIterator]: () => messagesOf(read()),
      events: read,
      presence: () => {
        const presence = attend(name, (closed) => open.delete(closed));
        open.add(presence);
        return presence;
      },
      publish: (data, { id = newId() } = {}) =>
        new Promise((resolve) => {
          const problem = problemOfTopic(name);
          if (problem) return resolve(failed(problem));
          const earlier = published.get(id);
          const settleBoth = (result: Result<{ offset: number }>): void => {
            earlier?.settle(result);
            resolve(result);
          };
          published.set(id, { topic: name, data, settle: settleBoth });
          waiting.add(id);
          offerSoon();
        }),
      close: () => {
        for (const reader of [...open]) reader.close();
      },
    };
  };

  return {
    channel,
    topics: () => [...topics].map(([name, { place }]) => [name, cursorOf(place)] as const),
    receive: (frame) => {
      if (frame.type === 'acked') return settle(frame.id, ok({ offset: frame.offset }));
      if (frame.type === 'refused') return settle(frame.id, failed(frame.problem));
      if (frame.type === 'here') return presences.receive(frame);
      if (frame.type === 'topic-refused') return refuse(frame.topic, frame.problem);
      if (frame.type !== 'joined' && frame.type !== 'event' && frame.type !== 'gap' && frame.type !== 'fork') return;
      const topic = topics.get(frame.topic);
      if (!topic) return;
      const [place, events] = advance(topic.place, frame);
      topic.place = place;
      for (const event of events) for (const reader of topic.readers) reader.push(event);
    },
    republish: () => {
      waiting = new Set(published.keys());
      void offerAll();
    },
    portOpened: presences.portOpened,
    hurry: (now) => {
      isHurried = now;
      void offerAll();
    },
    resetUser: () => {
      presences.closeAll();
      person.abort();
      person = new AbortController();
      for (const topic of topics.values()) {
        // Offsets are one person's: the next one's begin wherever they do.
        topic.place = { state: 'now' };
        for (const reader of topic.readers) reader.drop();
      }
    },
    cancelPublished,
    close: () => {
      presences.closeAll();
      for (const topic of [...topics.values()]) for (const reader of [...topic.readers]) reader.close();
      cancelPublished();
    },
  };
};
