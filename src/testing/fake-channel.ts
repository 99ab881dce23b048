import type { Channel, ChannelEvent, Message, Presence } from '../page/types/channel-types.ts';
import { ok } from '../protocol/problem.ts';

type Reader = { push(event: ChannelEvent): void };

/** The topics of a fake keeper: what one channel publishes, all channels of the topic receive. */
export type FakeTopics = {
  channel(topic: string): Channel;
  deliver(event: ChannelEvent): void;
  publish(topic: string, data: unknown): number;
};

const EPOCH = 'fake';

/** An async iterable of what is pushed, until `signal` aborts. */
const readable = (readers: Set<Reader>, signal: AbortSignal): AsyncIterable<ChannelEvent, undefined> => ({
  async *[Symbol.asyncIterator]() {
    const waiting: ChannelEvent[] = [];
    let wake = (): void => undefined;
    const reader: Reader = {
      push(event) {
        waiting.push(event);
        wake();
      },
    };
    readers.add(reader);
    signal.addEventListener('abort', () => wake());
    try {
      while (!signal.aborted) {
        const event = waiting.shift();
        if (event) yield event;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
      return undefined;
    } finally {
      readers.delete(reader);
    }
  },
});

const presenceOf = (): Presence => {
  const me = { id: 'fake', self: true, state: null as unknown };
  return {
    members: [me],
    update(state) {
      me.state = state;
      return ok(null);
    },
    async *[Symbol.asyncIterator]() {
      yield { type: 'joined', member: me };
    },
    close: () => undefined,
  };
};

export const createFakeTopics = (onPublish: (topic: string, data: unknown) => void): FakeTopics => {
  const readers = new Map<string, Set<Reader>>();
  const offsets = new Map<string, number>();
  const readersOf = (topic: string): Set<Reader> => {
    const own = readers.get(topic) ?? new Set<Reader>();
    readers.set(topic, own);
    return own;
  };
  const deliver = (event: ChannelEvent): void => readersOf(event.topic).forEach((reader) => reader.push(event));
  const publish = (topic: string, data: unknown): number => {
    const offset = (offsets.get(topic) ?? 0) + 1;
    offsets.set(topic, offset);
    deliver({ type: 'message', topic, epoch: EPOCH, offset, data });
    return offset;
  };
  return {
    deliver,
    publish,
    channel(topic) {
      const closing = new AbortController();
      const events = () => readable(readersOf(topic), closing.signal);
      return {
        events,
        async *[Symbol.asyncIterator](): AsyncGenerator<Message, undefined> {
          for await (const event of events()) if (event.type === 'message') yield event;
          return undefined;
        },
        async publish(data) {
          onPublish(topic, data);
          return ok({ offset: publish(topic, data) });
        },
        presence: presenceOf,
        close: () => closing.abort(),
      };
    },
  };
};
