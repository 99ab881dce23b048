import { beforeEach, describe, expect, test } from 'vitest';
import type { Codec, CodecEvent, CodecOutput } from '../../../src/core/codecs/codec.ts';
import { keeper1 } from '../../../src/core/codecs/keeper1.ts';
import { CLOSE_CODE, type Hello } from '../../../src/protocol/frames.ts';
import { parseJson } from '../../../src/protocol/schema/json.ts';

/* The protocol by example. What a server and tabs do with it in random histories is in the tests of the socket. */

const SKEW_MS = 50_000;
let codec: Codec;
let now: number;

const dispatch = (event: CodecEvent): readonly CodecOutput[] => codec.dispatch(event, now);
const frame = (...body: readonly unknown[]): readonly CodecOutput[] =>
  dispatch({ type: 'frame', data: JSON.stringify(body) });
const sentIn = (outputs: readonly CodecOutput[]): unknown[] =>
  outputs.flatMap((output) => (output.type === 'send' ? [parseJson(String(output.data))] : []));
/** What tabs got: the tab, `undefined` for all, and the frame. */
const toTabs = (outputs: readonly CodecOutput[]): unknown[] =>
  outputs.flatMap((output) => (output.type === 'toTab' ? [[output.tab, output.frame]] : []));
const join = (topic: string, tab = 'a'): readonly CodecOutput[] => dispatch({ type: 'join', tab, topic, cursor: null });
const publish = (id: string, json = '1', topic = 'room'): readonly CodecOutput[] =>
  dispatch({ type: 'publish', item: { id, topic, json, owner: 'u' } });

const greet = (more: Partial<Hello> = {}): readonly CodecOutput[] =>
  frame('hello', {
    ...{ session: 's', resumed: false, heartbeatMs: 10_000, windowMs: 500, maxBytes: 100, maxTopics: 2 },
    ...{ maxTopicLength: 8, expiresAt: now + SKEW_MS + 60_000, now: now + SKEW_MS, ...more },
  });
const connect = (more: Partial<Hello> = {}): readonly CodecOutput[] => {
  dispatch({ type: 'opened' });
  return greet(more);
};
const refused = (topic: string, problem: unknown, tab?: string) => [tab, { type: 'topic-refused', topic, problem }];
const note = (detail: string) => ({ type: 'note', what: 'topic refused', detail });
const LENGTH = { code: 'over-limit', detail: 'topic-length', max: 8 };
const COUNT = { code: 'over-limit', detail: 'topics', max: 2 };
const BYTES = { code: 'over-limit', detail: 'message-bytes', max: 100 };

beforeEach(() => {
  now = 1_000_000;
  codec = keeper1.create({ host: 'me', epoch: 1 });
});

test('greets, and says what the greeting of the server means', () => {
  expect(sentIn(dispatch({ type: 'opened' }))).toEqual([['hi', { host: 'me', epoch: 1 }]]);
  now += 30;
  expect(greet({ resumed: true })).toEqual([
    { type: 'round-trip', ms: 30 },
    { type: 'count', what: 'resumed', by: 1 },
    { type: 'greeted', heartbeatMs: 10_000, windowMs: 500, expiresInMs: 60_000 },
  ]);
  expect(greet()).toEqual([]);
  expect(keeper1).toMatchObject({ name: 'keeper.1', subprotocol: 'keeper.1', shares: 'topics' });
});

test('does not count a connection that the server did not know as resumed', () =>
  expect(connect().map(({ type }) => type)).toEqual(['round-trip', 'greeted']));

test('sends nothing but its greeting, and reads nothing else, before the greeting of the server', () => {
  join('room');
  expect(sentIn(dispatch({ type: 'opened' }))).toHaveLength(1);
  expect(sentIn(publish('p1'))).toEqual([]);
  expect(frame('ok', 1, 'room', { epoch: 'e', offset: 1 }, false)).toEqual([]);
  expect(sentIn(greet())).toEqual([['sub', 1, 'room', null]]);
});

test('says when a server does not speak the protocol, and ignores frames of a newer one', () => {
  connect();
  for (const data of ['no JSON', '{}', '["ok",1]', new ArrayBuffer(1)])
    expect(dispatch({ type: 'frame', data })).toEqual([{ type: 'violated' }]);
  expect(frame('newer', 1)).toEqual([]);
});

test('answers pings, measures its own, and renews its authorization', () => {
  connect();
  expect(sentIn(frame('p', 7))).toEqual([['q', 7]]);
  expect(sentIn(dispatch({ type: 'probe' }))).toEqual([['p', now]]);
  expect(frame('q', now - 12)).toEqual([{ type: 'round-trip', ms: 12 }]);
  expect(frame('q', now + 12)).toEqual([{ type: 'round-trip', ms: 0 }]);
  expect(sentIn(dispatch({ type: 'renew', ticket: 't' }))).toEqual([['auth', 't']]);
  expect(frame('authok', now + SKEW_MS + 90_000)).toEqual([{ type: 'renewed', expiresInMs: 90_000 }]);
  expect(frame('drain', 250)).toEqual([{ type: 'draining', ms: 250 }]);
});

describe('the bounds of a server', () => {
  test('refuse a topic that a page joins later, up to the bounds themselves', () => {
    connect();
    expect(join('12345678')).toMatchObject([{ type: 'send' }]);
    expect(join('123456789')).toEqual([
      note('over-limit'),
      { type: 'toTab', tab: 'a', frame: refused('123456789', LENGTH)[1] },
    ]);
    join('second');
    expect(toTabs(join('third'))).toEqual([refused('third', COUNT, 'a')]);
    expect(toTabs(join('second', 'b'))).toEqual([]);
    expect(codec.listeners).toBe(2);
  });

  test('refuse topics that were joined before, the newest ones first', () => {
    for (const topic of ['first', 'much too long', 'second', 'third']) join(topic);
    const outputs = connect();
    expect(toTabs(outputs)).toEqual([refused('much too long', LENGTH), refused('third', COUNT)]);
    expect(sentIn(outputs)).toEqual([
      ['sub', 1, 'first', null],
      ['sub', 2, 'second', null],
    ]);
    expect(codec.listeners).toBe(2);
  });

  test('do not hold while there is no connection', () => {
    for (const topic of ['first', 'second', 'third', 'much too long']) expect(toTabs(join(topic))).toEqual([]);
    expect(toTabs(join(''))).toEqual([refused('', { code: 'bad-message', detail: 'topic name' }, 'a')]);
  });

  test('refuse a message, up to the bounds themselves', () => {
    connect();
    const bare = '["pub","p1","room",""]'.length;
    const text = (length: number): string => JSON.stringify('x'.repeat(length));
    expect(sentIn(publish('p1', text(100 - bare)))).toHaveLength(1);
    expect(publish('p2', text(101 - bare))).toEqual([
      { type: 'settled', id: 'p2' },
      { type: 'toTab', frame: { type: 'refused', problem: BYTES, id: 'p2' } },
    ]);
    expect(sentIn(publish('p3', '1', '12345678'))).toHaveLength(1);
    expect(toTabs(publish('p4', '1', '123456789'))).toEqual([
      [undefined, { type: 'refused', problem: LENGTH, id: 'p4' }],
    ]);
  });
});

test('settles a publication once, with the answer of the server', () => {
  connect();
  expect(sentIn(publish('p1', '{"a":1}'))).toEqual([['pub', 'p1', 'room', { a: 1 }]]);
  expect(frame('ack', 'p1', 7)).toEqual([
    { type: 'count', what: 'sent', by: 1 },
    { type: 'settled', id: 'p1' },
    { type: 'toTab', frame: { type: 'acked', offset: 7, id: 'p1' } },
  ]);
  const nak = (code: string): unknown[] => toTabs(frame('nak', 'p2', code));
  expect(nak('too-big')).toEqual([[undefined, { type: 'refused', problem: BYTES, id: 'p2' }]]);
  expect(nak('over-limit')).toMatchObject([[undefined, { problem: { code: 'over-limit', detail: 'over-limit' } }]]);
  expect(nak('odd')).toMatchObject([[undefined, { problem: { code: 'bad-message', detail: 'odd' } }]]);
});

describe('events', () => {
  beforeEach(() => {
    join('room');
    connect();
    frame('ok', 1, 'room', { epoch: 'e', offset: 1 }, false);
  });

  test('are counted once, and reach the tabs', () => {
    const outputs = frame('ev', 'room', 'e', 2, { a: 1 });
    expect(outputs.at(-1)).toEqual({ type: 'count', what: 'received', by: 1 });
    expect(toTabs(outputs)).toMatchObject([['a', { type: 'event', offset: 2, data: { a: 1 } }]]);
    expect(frame('ev', 'room', 'e', 2, { a: 1 })).toEqual([]);
    expect(frame('ev', 'other', 'e', 2, {})).toEqual([]);
  });

  test('that are gone are a gap, and a fork moves the history', () => {
    expect(toTabs(frame('gap', 'room', 'e', 2, 4))).toMatchObject([['a', { type: 'gap', from: 2, to: 4 }]]);
    expect(toTabs(frame('fork', 'room', 'e', 'f', 4))).toMatchObject([['a', { type: 'fork', epoch: 'f' }]]);
    expect(frame('gap', 'other', 'e', 2, 4)).toEqual([]);
    expect(frame('fork', 'other', 'e', 'f', 4)).toEqual([]);
  });

  test('of a history that the server does not have any more begin again at its head', () => {
    expect(toTabs(dispatch({ type: 'closed', code: 1006 }))).toEqual([]);
    connect();
    expect(toTabs(dispatch({ type: 'closed', code: CLOSE_CODE.historyGone }))).toMatchObject([
      ['a', { type: 'gap', from: 2, to: 0 }],
    ]);
    expect(sentIn(connect())).toEqual([['sub', 3, 'room', null]]);
  });

  test('of another user start without the former ones', () => {
    dispatch({ type: 'closed', code: 1000 });
    dispatch({ type: 'forget' });
    expect(sentIn(connect())).toEqual([['sub', 2, 'room', null]]);
  });
});

describe('tabs', () => {
  beforeEach(() => {
    join('room');
    join('room', 'b');
    connect();
    frame('ok', 1, 'room', { epoch: 'e', offset: 1 }, false);
  });

  test('end a subscription with the last of them', () => {
    expect(sentIn(dispatch({ type: 'leave', tab: 'a', topic: 'room' }))).toEqual([]);
    expect(sentIn(dispatch({ type: 'leave', tab: 'b', topic: 'room' }))).toEqual([['unsub', 'room']]);
    expect(sentIn(dispatch({ type: 'leave', tab: 'b', topic: 'room' }))).toEqual([]);
  });

  test('that close or reload may soon be back', () => {
    join('second', 'b');
    expect(sentIn(dispatch({ type: 'tab-left', tab: 'a' }))).toEqual([]);
    expect(sentIn(dispatch({ type: 'tab-left', tab: 'b' }))).toEqual([
      ['unsub', 'room', true],
      ['unsub', 'second', true],
    ]);
    expect(codec.listeners).toBe(0);
  });

  test('that leave before the server knows of it send nothing', () => {
    dispatch({ type: 'closed', code: 1006 });
    for (const tab of ['a', 'b']) expect(dispatch({ type: 'leave', tab, topic: 'room' })).toEqual([]);
    expect(sentIn(connect())).toEqual([]);
  });

  test('say something of themselves, and the newest word counts', () => {
    const here = (): unknown[] => toTabs(frame('here', 'room', ['me', 'other'], [{ at: 1 }]));
    expect(here()).toEqual([]);
    expect(sentIn(dispatch({ type: 'present', tab: 'a', topic: 'room', state: '{"at":1}' }))).toEqual([
      ['who', 'room', { at: 1 }],
    ]);
    const members = [
      { id: 'me', self: true, state: { at: 1 } },
      { id: 'other', self: false, state: null },
    ];
    expect(here()).toEqual([['a', { type: 'here', topic: 'room', members }]]);
    dispatch({ type: 'present', tab: 'b', topic: 'room', state: '{"at":2}' });
    expect(here().map((each) => (each as [string])[0])).toEqual(['a', 'b']);
    expect(sentIn(dispatch({ type: 'absent', tab: 'b', topic: 'room' }))).toEqual([['who', 'room', { at: 1 }]]);
    expect(sentIn(dispatch({ type: 'absent', tab: 'b', topic: 'room' }))).toEqual([]);
    expect(sentIn(dispatch({ type: 'leave', tab: 'a', topic: 'room' }))).toEqual([['who', 'room', null]]);
    expect(here()).toEqual([]);
  });

  test('say it again on the next connection, once the server confirmed the topic', () => {
    dispatch({ type: 'present', tab: 'a', topic: 'room', state: '{"at":1}' });
    dispatch({ type: 'present', tab: 'a', topic: 'unknown', state: '{"at":1}' });
    dispatch({ type: 'absent', tab: 'a', topic: 'unknown' });
    dispatch({ type: 'closed', code: 1006 });
    expect(sentIn(connect())).toEqual([['sub', 2, 'room', { epoch: 'e', offset: 1 }]]);
    expect(sentIn(frame('ok', 2, 'room', { epoch: 'e', offset: 1 }, true))).toEqual([['who', 'room', { at: 1 }]]);
    expect(sentIn(frame('ok', 2, 'room', { epoch: 'e', offset: 1 }, true))).toEqual([]);
  });
});

describe('a message on which the server closes the connection', () => {
  test('is refused to its sender', () => {
    connect();
    publish('p1');
    expect(dispatch({ type: 'closed', code: CLOSE_CODE.tooBig })).toEqual([
      { type: 'note', what: 'message refused', detail: 'pub 1009' },
      { type: 'settled', id: 'p1' },
      { type: 'toTab', frame: { type: 'refused', problem: { ...BYTES, max: undefined }, id: 'p1' } },
    ]);
    connect();
    publish('p2');
    expect(toTabs(dispatch({ type: 'closed', code: CLOSE_CODE.badFrame }))).toEqual([
      [undefined, { type: 'refused', problem: { code: 'bad-message', detail: 'closed with 1007' }, id: 'p2' }],
    ]);
    connect();
    publish('p3');
    expect(dispatch({ type: 'closed', code: 1009, local: true })).toEqual([]);
  });

  test('that is a subscription is refused to each tab that joins, until another user comes', () => {
    const problem = { code: 'bad-message', detail: 'closed with 1007' };
    connect();
    join('room');
    expect(toTabs(dispatch({ type: 'closed', code: CLOSE_CODE.badFrame }))).toEqual([refused('room', problem)]);
    expect(codec.listeners).toBe(0);
    expect(toTabs(join('room', 'b'))).toEqual([refused('room', problem, 'b')]);
    dispatch({ type: 'forget' });
    expect(toTabs(join('room', 'b'))).toEqual([]);
  });
});
