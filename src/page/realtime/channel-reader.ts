import type { Problem } from '../../protocol/problem.ts';
import type { TopicEvent } from '../types/channel-types.ts';

/** How many events a slow reader may be behind. Beyond this they become a gap. */
const MAX_WAITING = 1_000;

export type Reader = AsyncIterableIterator<TopicEvent, undefined> & {
  push(event: TopicEvent): void;
  /** Drops the events that the reader has not taken yet. */
  drop(): void;
  close(): void;
  /** Ends the iteration with a rejection, after the events that the reader has not taken yet. */
  fail(problem: Problem): void;
};

/** What a reader of a topic gets that cannot be read. Its `cause` is the problem. */
export const topicError = (topic: string, problem: Problem): Error => {
  const bound = problem.code === 'over-limit' ? ` (${problem.detail}: ${problem.max ?? 'unknown'})` : '';
  return new Error(`The topic ${JSON.stringify(topic)} cannot be read: ${problem.code}${bound}`, { cause: problem });
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
  const waiting: { resolve(result: End): void; reject(error: Error): void }[] = [];
  let events: TopicEvent[] = [];
  let open = true;
  let failure: Error | undefined;

  const reader: Reader = {
    push: (event) => {
      const taker = waiting.shift();
      if (taker) return taker.resolve({ done: false, value: event });
      events.push(event);
      if (events.length > MAX_WAITING) events = [gapOver(events, topic)];
    },
    drop: () => {
      events = [];
    },
    next: () => {
      const value = events.shift();
      if (value) return Promise.resolve({ done: false, value });
      if (open) return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
      const error = failure;
      failure = undefined;
      return error ? Promise.reject(error) : Promise.resolve(end);
    },
    return: () => {
      events = [];
      reader.close();
      return Promise.resolve(end);
    },
    close: () => {
      if (!open) return;
      open = false;
      for (const taker of waiting.splice(0)) taker.resolve(end);
      onClose(reader);
    },
    fail: (problem) => {
      const error = topicError(topic, problem);
      const first = waiting.shift();
      if (first) first.reject(error);
      else if (open) failure = error;
      reader.close();
    },
    [Symbol.asyncIterator]: () => reader,
  };
  return reader;
};
