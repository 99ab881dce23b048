import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { advance, cursorOf, type Position, type TopicFrame } from '../../../src/page/realtime/topic-position.ts';
import type { TopicEvent } from '../../../src/page/types/channel-types.ts';

const event = (offset: number, epoch = 'e'): TopicFrame => ({
  type: 'event',
  bytes: 1,
  topic: 't',
  epoch,
  offset,
  data: { n: offset },
});
const joined = (offset: number, epoch = 'e'): TopicFrame => ({ type: 'joined', topic: 't', at: { epoch, offset } });
const gap = (from: number, to: number, epoch = 'e'): TopicFrame => ({ type: 'gap', topic: 't', epoch, from, to });

const read = (
  frames: readonly TopicFrame[],
  place: Position = { state: 'now' },
): { place: Position; events: TopicEvent[] } => {
  const events: TopicEvent[] = [];
  for (const frame of frames) {
    const [next, emitted] = advance(place, frame);
    place = next;
    events.push(...emitted);
  }
  return { place, events };
};

/** `3` is a message, `'4-6'` a gap. */
const short = (events: readonly TopicEvent[]): (number | string)[] =>
  events.map((each) => (each.type === 'message' ? each.offset : `${each.from}-${each.to}`));

describe('a topic', () => {
  test('starts at the offset where the worker joined', () => {
    const { place, events } = read([joined(7), event(8), event(9)]);
    expect(short(events)).toEqual([8, 9]);
    expect(cursorOf(place)).toEqual({ epoch: 'e', offset: 9 });
  });

  test('drops events that it has already read', () => {
    expect(short(read([joined(0), event(1), event(2), joined(1), event(1), event(2), event(3)]).events)).toEqual([
      1, 2, 3,
    ]);
  });

  test('moves to the next epoch without a gap when both have what it has read, and else reports one', () => {
    const fork = (ended: number): TopicFrame => ({ type: 'fork', topic: 't', from: 'e', epoch: 'next', ended });
    const kept = read([joined(1), event(2), fork(2), event(3, 'next')]);
    expect(short(kept.events)).toEqual([2, 3]);
    expect(cursorOf(kept.place)).toEqual({ epoch: 'next', offset: 3 });
    expect(short(read([joined(1), event(2), event(3), fork(2), event(3, 'next')]).events)).toEqual([2, 3, '4-0', 3]);
  });

  test('reports a gap when offsets are missing', () => {
    expect(short(read([joined(0), event(1), event(5)]).events)).toEqual([1, '2-4', 5]);
    expect(short(read([joined(3), joined(6), event(7)]).events)).toEqual(['4-6', 7]);
  });

  test('reports each missing offset once when gaps overlap', () => {
    expect(short(read([joined(0), event(1), event(2), gap(1, 4), gap(2, 4), event(5)]).events)).toEqual([
      1,
      2,
      '3-4',
      5,
    ]);
  });

  test('reports a gap of unknown length when the epoch changes', () => {
    expect(short(read([joined(4), event(5), event(1, 'f'), event(2, 'f')]).events)).toEqual([5, '6-0', 1, 2]);
  });

  test('reports a lost history once, and keeps the old cursor until it joins again', () => {
    const lost = read([joined(4), gap(5, 0, 'f')]);
    expect(short(lost.events)).toEqual(['5-0']);
    expect(cursorOf(lost.place)).toEqual({ epoch: 'e', offset: 4 });
    expect(short(read([joined(9, 'f'), event(10, 'f')], lost.place).events)).toEqual([10]);
  });

  test('reads each offset once and in order, or reports it in a gap (invariant 10)', () => {
    const frames = fc.array(
      fc.oneof(
        fc.nat(40).map((offset) => event(offset + 1)),
        fc.nat(40).map((offset) => joined(offset)),
        fc.tuple(fc.nat(30), fc.nat(10)).map(([from, length]) => gap(from + 1, from + 1 + length)),
      ),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(frames, (received) => {
        const { place, events } = read(received, { state: 'at', cursor: { epoch: 'e', offset: 0 } });
        const covered = events.flatMap((one) =>
          one.type === 'message'
            ? [one.offset]
            : Array.from({ length: one.to - one.from + 1 }, (_, at) => one.from + at),
        );
        expect(covered).toEqual(Array.from({ length: cursorOf(place)?.offset ?? 0 }, (_, at) => at + 1));
      }),
    );
  });
});
