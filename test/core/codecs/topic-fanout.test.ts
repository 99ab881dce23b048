import { beforeEach, describe, expect, test } from 'vitest';
import { createTopic, RING_MAX_BYTES, RING_MAX_EVENTS, type Topic } from '../../../src/core/codecs/topic-fanout.ts';
import type { PortFrame } from '../../../src/protocol/bridge/port-frames.ts';
import type { Cursor } from '../../../src/protocol/cursor.ts';

/* One topic by example. Random histories with a server are in the tests of the socket. */

let topic: Topic;
/** What each tab got, in one word each. */
let got: string[];
let asked: (Cursor | null)[];
let lost: number[];

const at = (offset: number, epoch = 'e'): Cursor => ({ epoch, offset });
const word = (tab: string, frame: PortFrame): string => {
  if (frame.type === 'joined') return `${tab} joined ${frame.at?.epoch}${frame.at?.offset}`;
  if (frame.type === 'event') return `${tab} event ${frame.epoch}${frame.offset}`;
  if (frame.type === 'gap') return `${tab} gap ${frame.epoch}${frame.from}-${frame.to}`;
  return frame.type === 'fork' ? `${tab} fork ${frame.from}>${frame.epoch}${frame.ended}` : frame.type;
};
const take = (): string[] => got.splice(0);
const event = (offset: number, epoch = 'e', bytes = 10): boolean =>
  topic.onEvent(epoch, offset, `data ${offset}`, bytes);
/** Answers the newest request. */
const ok = (head: Cursor, resumed = true): void => topic.onOk(asked.length, head, resumed);

beforeEach(() => {
  [got, asked, lost] = [[], [], []];
  topic = createTopic('room', {
    send: (tab, frame) => void got.push(word(tab, frame)),
    subscribe: (from) => asked.push(from),
    lost: (count) => void lost.push(count),
  });
});

/** A topic whose tab `a` has read up to this event. */
const live = (head = 5): void => {
  topic.join('a', null);
  topic.connected();
  ok(at(head), false);
  take();
};

describe('a first tab', () => {
  test('is subscribed once there is a connection, and begins at the head', () => {
    topic.join('a', null);
    expect(asked).toEqual([]);
    topic.connected();
    topic.connected();
    expect(asked).toEqual([null]);
    expect(event(4)).toBe(false);
    ok(at(5), false);
    expect(event(6)).toBe(true);
    expect(event(6)).toBe(false);
    expect(take()).toEqual(['a joined e5', 'a event e6']);
    expect(lost).toEqual([]);
  });

  test('with a cursor goes on after it', () => {
    topic.join('a', at(3));
    topic.connected();
    expect(asked).toEqual([at(3)]);
    ok(at(3));
    event(4);
    expect(take()).toEqual(['a joined e3', 'a event e4']);
  });

  test('ignores the answer to another request', () => {
    topic.join('a', null);
    topic.connected();
    topic.onOk(7, at(5), false);
    expect(take()).toEqual([]);
    ok(at(5), false);
    ok(at(9), false);
    expect(take()).toEqual(['a joined e5']);
  });

  test('gets a gap of unknown length where its history is another one', () => {
    topic.join('a', at(3, 'old'));
    topic.connected();
    ok(at(5), false);
    expect(take()).toEqual(['a gap e4-0', 'a joined e5']);
    expect(lost).toEqual([1]);
  });

  test('gets the gap that a resumption could not fill', () => {
    topic.join('a', at(3));
    topic.connected();
    ok(at(7));
    expect(take()).toEqual(['a gap e4-7', 'a joined e7']);
    expect(lost).toEqual([4]);
  });

  test('gets a gap where the server lost what the tab has read', () => {
    topic.join('a', at(9));
    topic.connected();
    ok(at(5), false);
    expect(take()).toEqual(['a gap e10-0', 'a joined e5']);
    expect(lost).toEqual([1]);
  });

  test('keeps a cursor beyond the head where the server resumed from it', () => {
    topic.join('a', at(9));
    topic.connected();
    ok(at(5), true);
    expect(take()).toEqual(['a joined e9']);
    event(9);
    event(10);
    expect(take()).toEqual(['a event e10']);
  });
});

describe('another tab', () => {
  beforeEach(() => {
    live();
    for (const offset of [6, 7, 8]) event(offset);
    take();
  });

  test('without a cursor begins at the head, without a request', () => {
    topic.join('b', null);
    expect(take()).toEqual(['b joined e8']);
    expect(asked).toHaveLength(1);
    expect(topic.listeners).toBe(2);
  });

  test('gets what it missed from memory', () => {
    topic.join('b', at(6));
    expect(take()).toEqual(['b joined e6', 'b event e7', 'b event e8']);
    event(9);
    expect(take()).toEqual(['a event e9', 'b event e9']);
    topic.join('c', at(9));
    expect(take()).toEqual(['c joined e9']);
    topic.join('d', at(5));
    expect(take()).toEqual(['d joined e5', 'd event e6', 'd event e7', 'd event e8', 'd event e9']);
    expect(asked).toHaveLength(1);
  });

  test('that is ahead of this worker keeps its cursor', () => {
    topic.join('b', at(11));
    expect(take()).toEqual(['b joined e11']);
    event(9);
    expect(take()).toEqual(['a event e9']);
  });

  test('asks the server where memory does not go back so far, and the first one gets nothing twice', () => {
    topic.join('b', at(2));
    expect(asked).toEqual([null, at(2)]);
    for (const offset of [3, 4, 5, 6, 7, 8]) event(offset);
    ok(at(8));
    expect(take()).toEqual(['b gap e3-8', 'b joined e8']);
    event(9);
    expect(take()).toEqual(['a event e9', 'b event e9']);
  });

  test('of another history gets a gap at once', () => {
    topic.join('b', at(7, 'old'));
    expect(take()).toEqual(['b gap e8-0', 'b joined e8']);
    expect(lost).toEqual([1]);
  });

  test('that left gets nothing', () => {
    topic.leave('a');
    expect(topic.listeners).toBe(0);
    event(9);
    expect(take()).toEqual([]);
  });
});

describe('the memory', () => {
  test('has a maximum of events', () => {
    live(0);
    for (let offset = 1; offset <= RING_MAX_EVENTS + 1; offset += 1) event(offset);
    take();
    topic.join('b', at(1));
    expect(take()).toHaveLength(1 + RING_MAX_EVENTS);
    topic.join('c', at(0));
    expect(take()).toEqual([]);
    expect(asked).toEqual([null, at(0)]);
  });

  test('has a maximum of bytes, up to the limit itself', () => {
    live(0);
    for (let offset = 1; offset <= 4; offset += 1) event(offset, 'e', RING_MAX_BYTES / 4);
    topic.join('b', at(0));
    expect(asked).toHaveLength(1);
    event(5, 'e', RING_MAX_BYTES / 4);
    event(6, 'e', 1);
    take();
    topic.join('c', at(2));
    expect(take()).toHaveLength(5);
    topic.join('d', at(1));
    expect(take()).toEqual([]);
    expect(asked).toEqual([null, at(1)]);
  });
});

describe('an event', () => {
  beforeEach(() => live());

  test('after a hole is a gap for each tab, and memory begins after it', () => {
    expect(event(8)).toBe(true);
    expect(take()).toEqual(['a gap e6-7', 'a event e8']);
    expect(lost).toEqual([2]);
    topic.join('b', at(6));
    expect(take()).toEqual([]);
    expect(asked).toEqual([null, at(6)]);
  });

  test('of a new history is a gap of unknown length, and repeats nothing', () => {
    expect(event(3, 'new')).toBe(true);
    expect(take()).toEqual(['a gap new6-0', 'a joined new2', 'a event new3']);
    expect(event(4, 'new')).toBe(true);
    expect(take()).toEqual(['a event new4']);
  });
});

describe('a gap of the server', () => {
  test('reaches the tabs that lack the events, and the next event follows', () => {
    live();
    topic.join('b', at(9));
    take();
    topic.onGap('e', 7);
    expect(take()).toEqual(['a gap e6-7']);
    expect(lost).toEqual([2]);
    topic.onGap('e', 7);
    topic.onGap('e', 5);
    expect(take()).toEqual([]);
    expect(lost).toEqual([2]);
    event(8);
    expect(take()).toEqual(['a event e8']);
    topic.join('c', at(6));
    expect(asked).toEqual([null, at(6)]);
  });

  test('up to the head empties no memory', () => {
    live();
    for (const offset of [6, 7]) event(offset);
    take();
    topic.onGap('e', 7);
    topic.join('b', at(5));
    expect(take()).toEqual(['b joined e5', 'b event e6', 'b event e7']);
    expect(lost).toEqual([]);
  });

  test('of another history, or during a subscription, is ignored', () => {
    topic.onGap('e', 9);
    topic.join('a', null);
    topic.connected();
    topic.onGap('e', 9);
    ok(at(5), false);
    take();
    topic.onGap('old', 9);
    expect(take()).toEqual([]);
    topic.join('b', at(1));
    topic.onGap('e', 9);
    expect(take()).toEqual([]);
    expect(lost).toEqual([]);
  });
});

describe('after a lost connection', () => {
  beforeEach(() => {
    live();
    topic.join('b', null);
    take();
  });

  test('tabs go on without a message where nothing is lost', () => {
    topic.disconnected();
    topic.connected();
    expect(asked).toEqual([null, at(5)]);
    event(6);
    expect(take()).toEqual([]);
    ok(at(5));
    expect(take()).toEqual([]);
    event(6);
    expect(take()).toEqual(['a event e6', 'b event e6']);
  });

  test('the lowest cursor serves all, and each gets its own gap', () => {
    topic.join('c', at(7));
    take();
    topic.disconnected();
    topic.connected();
    expect(asked.at(-1)).toEqual(at(5));
    ok(at(8));
    expect(take()).toEqual(['a gap e6-8', 'b gap e6-8', 'c gap e8-8']);
    expect(lost).toEqual([3]);
    event(9);
    expect(take()).toEqual(['a event e9', 'b event e9', 'c event e9']);
  });

  test('a tab without a cursor subscribes first, because its answer is the head', () => {
    topic.disconnected();
    topic.join('c', null);
    topic.connected();
    expect(asked.at(-1)).toBeNull();
    ok(at(5), false);
    expect(take()).toEqual(['c joined e5']);
    event(6);
    expect(take()).toEqual(['a event e6', 'b event e6', 'c event e6']);
  });

  test('a subscription without a cursor does not cover what the others lack: they ask again', () => {
    topic.disconnected();
    topic.join('c', null);
    topic.connected();
    ok(at(8), false);
    expect(take()).toEqual(['c joined e8']);
    expect(asked.at(-1)).toEqual(at(5));
    for (const offset of [6, 7, 8]) event(offset);
    ok(at(8));
    expect(take()).toEqual(['a gap e6-8', 'b gap e6-8']);
  });

  test('the history of this worker is requested where tabs have several', () => {
    topic.join('c', at(1, 'old'));
    take();
    topic.disconnected();
    topic.join('d', at(2, 'older'));
    topic.connected();
    expect(asked.at(-1)).toEqual(at(5));
  });

  test('a server without the history gets a fresh start: each tab has a gap and then the head', () => {
    topic.abandon();
    expect(take()).toEqual(['a gap e6-0', 'b gap e6-0']);
    expect(lost).toEqual([1, 1]);
    topic.disconnected();
    topic.connected();
    expect(asked.at(-1)).toBeNull();
    ok(at(1, 'new'), false);
    expect(take()).toEqual(['a joined new1', 'b joined new1']);
  });

  test('another user starts without a gap and without the memory of the former one', () => {
    event(6);
    take();
    topic.disconnected();
    topic.forget();
    expect(event(7)).toBe(false);
    topic.connected();
    ok(at(2), false);
    expect(take()).toEqual(['a joined e2', 'b joined e2']);
    topic.join('c', at(1));
    expect(take()).toEqual([]);
    expect(lost).toEqual([]);
  });
});

describe('two histories with the same beginning', () => {
  test('are one for the tabs that read no more than it', () => {
    live();
    event(6);
    topic.join('b', at(9));
    take();
    topic.onFork('e', 'f', 6);
    expect(take()).toEqual(['a fork e>f6']);
    event(7, 'f');
    expect(take()).toEqual(['a event f7', 'b gap f10-0', 'b joined f6', 'b event f7']);
    topic.join('c', at(5, 'f'));
    expect(take()).toEqual(['c joined f5', 'c event f6', 'c event f7']);
  });

  test('the head beyond the common part stays, and so does another history', () => {
    live();
    topic.onFork('e', 'f', 4);
    topic.onFork('other', 'f', 9);
    expect(take()).toEqual([]);
    event(6);
    expect(take()).toEqual(['a event e6']);
  });

  test('a subscription under way belongs to the new one', () => {
    topic.join('a', at(3));
    topic.connected();
    topic.onFork('e', 'f', 4);
    expect(take()).toEqual(['a fork e>f4']);
    ok(at(6, 'f'));
    expect(take()).toEqual(['a gap f4-6', 'a joined f6']);
    expect(lost).toEqual([3]);
  });
});
