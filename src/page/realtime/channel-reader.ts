import type { TopicEvent } from '../types/channel-types.ts';

/** How many events a slow reader may be behind. Beyond this they become a gap. */
const MAX_WAITING = 1_000;

export type Reader = AsyncIterableIterator<TopicEvent, undefined> & {
  push(event: TopicEvent): void;
  /** Drops the events that the reader has not taken yet. */
  drop(): void;
  close(): void;
};

const firstOf = (event: TopicEvent): number => (event.type === 'gap' ? event.from : event.offset);
const lastOf = (event: TopicEvent): number => (event.type === 'gap' ? event.to : event.offset);

/** `to` = 0 (unknown) when the range crosses an unknown one. */
const gapOver = (events: readonly TopicEvent[], topic: string): TopicEvent => {
  const [first] = events;
  const last = events.at(-1);
  const unknown = events.some((event) => lastOf(event) === 0);
  return { type: 'gap', topic, from: first ? firstOf(first) : 0, to: last && !unknown ? lastOf(last) : 0 };
};

/** A queue with a bound, as an async iterator. Ending the iteration calls `onClose` once. */
export const createReader = (topic: string, onClose: (reader: Reader) => void): Reader => {
  type End = IteratorResult<TopicEvent, undefined>;
  const end: End = { done: true, value: undefined };
  const waiting: ((result: End) => void)[] = [];
  let events: TopicEvent[] = [];
  let open = true;

  const reader: Reader = {
    push: (event) => {
      const taker = waiting.shift();
      if (taker) return taker({ done: false, value: event });
      events.push(event);
      if (events.length > MAX_WAITING) events = [gapOver(events, topic)];
    },
    drop: () => {
      events = [];
    },
    next: () => {
      const value = events.shift();
      if (value) return Promise.resolve({ done: false, value });
      return open ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(end);
    },
    return: () => {
      events = [];
      reader.close();
      return Promise.resolve(end);
    },
    close: () => {
      if (!open) return;
      open = false;
      for (const taker of waiting.splice(0)) taker(end);
      onClose(reader);
    },
    [Symbol.asyncIterator]: () => reader,
  };
  return reader;
};
