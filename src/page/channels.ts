import type { Intro, KeeperApi, TabMessage } from '../protocol/bridge.ts';
import { failed, ok, type Result } from '../protocol/problem.ts';
import { newId } from './ids.ts';
import type { RealtimeFrame } from './realtime-frames.ts';
import { createReader, type Reader } from './reader.ts';
import { advance, cursorOf, type Place } from './topic.ts';
import type { Channel, ChannelEvent } from './types.ts';

type Message = Extract<ChannelEvent, { type: 'message' }>;
type Topic = { place: Place; readers: Set<Reader> };
type Published = { topic: string; data: unknown; settle(result: Result<{ offset: number }>): void };

export type Channels = {
  channel(topic: string): Channel;
  /** What this page listens to and how far it has read, for a greeting. */
  topics(): Intro['topics'];
  receive(frame: RealtimeFrame): void;
  /** A new worker is there: what was published and not acknowledged is offered again, under the same ids. */
  republish(): void;
  /** Somebody has left: what came for them and nobody has read is for nobody else. */
  forget(): void;
  close(): void;
};

const messagesOf = (reader: Reader): AsyncIterator<Message, undefined> => ({
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

export const createChannels = (publish: KeeperApi['publish'], post: (message: TabMessage) => unknown): Channels => {
  const topics = new Map<string, Topic>();
  const published = new Map<string, Published>();
  /** One offer at a time: a call that dies with its worker is sent again behind those that found the next one. */
  let turn: Promise<unknown> = Promise.resolve();

  const leave = (name: string, reader: Reader): void => {
    const topic = topics.get(name);
    if (!topic?.readers.delete(reader) || topic.readers.size > 0) return;
    topics.delete(name);
    post({ type: 'leave', topic: name });
  };

  const join = (name: string, onClose: (reader: Reader) => void): Reader => {
    const reader = createReader(name, (closed) => {
      leave(name, closed);
      onClose(closed);
    });
    const known = topics.get(name);
    if (known) known.readers.add(reader);
    else {
      topics.set(name, { place: { name: 'now' }, readers: new Set([reader]) });
      post({ type: 'join', topic: name, cursor: null });
    }
    return reader;
  };

  const settle = (id: string, result: Result<{ offset: number }>): void => {
    published.get(id)?.settle(result);
    published.delete(id);
  };

  const offer = async (id: string): Promise<void> => {
    const message = published.get(id);
    if (!message) return;
    const { topic, data } = message;
    const taken = await publish({ id, topic, data });
    if (!taken.ok) settle(id, failed(taken.problem));
  };

  const offerInTurn = (id: string): void => {
    turn = turn.then(() => offer(id));
  };

  const channel = (name: string): Channel => {
    const readers = new Set<Reader>();
    const open = (): Reader => {
      const reader = join(name, (closed) => readers.delete(closed));
      readers.add(reader);
      return reader;
    };
    return {
      [Symbol.asyncIterator]: () => messagesOf(open()),
      events: open,
      publish: (data) =>
        new Promise((resolve) => {
          const id = newId();
          published.set(id, { topic: name, data, settle: resolve });
          offerInTurn(id);
        }),
      close: () => {
        for (const reader of [...readers]) reader.close();
      },
    };
  };

  return {
    channel,
    topics: () => [...topics].map(([name, { place }]) => [name, cursorOf(place)] as const),
    receive: (frame) => {
      if (frame.type === 'acked') return settle(frame.id, ok({ offset: frame.offset }));
      if (frame.type === 'refused') return settle(frame.id, failed(frame.problem));
      if (frame.type !== 'joined' && frame.type !== 'event' && frame.type !== 'gap') return;
      const topic = topics.get(frame.topic);
      if (!topic) return;
      const [place, events] = advance(topic.place, frame);
      topic.place = place;
      for (const event of events) for (const reader of topic.readers) reader.push(event);
    },
    republish: () => {
      for (const id of published.keys()) offerInTurn(id);
    },
    forget: () => {
      for (const { readers } of topics.values()) for (const reader of readers) reader.drop();
    },
    close: () => {
      for (const topic of [...topics.values()]) for (const reader of [...topic.readers]) reader.close();
      for (const id of [...published.keys()]) settle(id, failed({ code: 'cancelled' }));
    },
  };
};
