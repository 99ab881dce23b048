import { expect, test } from 'vitest';
import { centrifuge } from '../../../src/core/optional-codecs/optional-codecs.ts';
import { isObject, own, parseJson } from '../../../src/protocol/schema/json.ts';
import { Bench, type Outcome } from './codec-frames.ts';

/* Frames as centrifuge-js 5.8.0 wrote them, and answers in the form of Centrifugo's client protocol. */

const CONNECT = '{"id":1,"connect":{"token":"t","name":"js"}}';
const WELCOME = { client: 'c1', version: '6', ping: 25, pong: true, expires: true, ttl: 60 };
const line = (message: object): string => JSON.stringify(message);
const parse = (frames: readonly unknown[]): readonly unknown[] => frames.map((data) => parseJson(String(data)));
const subscribe = (id: number, channel = 'news', more: object = {}) =>
  line({ id, subscribe: { channel, flag: 1, delta: 'fossil', ...more } });
const pub = (offset: number, channel = 'news') => line({ push: { channel, pub: { data: { n: offset }, offset } } });
const RECOVERABLE = { recoverable: true, positioned: true, epoch: 'e1', offset: 5 };

const got = (outcome: Outcome, tab: string): readonly unknown[] => parse(outcome.receivedBy(tab));
/** The id that the codec gave its last frame. */
const idOf = (outcome: Outcome): number => {
  const last = parse(outcome.sent).at(-1);
  return isObject(last) ? Number(own(last, 'id')) : 0;
};

const twoTabs = (): Bench => {
  const bench = new Bench(centrifuge);
  for (const tab of ['a', 'b']) bench.open(tab);
  bench.up();
  bench.send('a', CONNECT);
  bench.send('b', CONNECT);
  bench.receive(line({ id: 1, connect: WELCOME }));
  return bench;
};

/** Both tabs are in `news`, at offset 5. */
const subscribed = (answer: object = RECOVERABLE): Bench => {
  const bench = twoTabs();
  const id = idOf(bench.send('a', subscribe(2)));
  bench.send('b', subscribe(2));
  bench.receive(line({ id, subscribe: answer }));
  return bench;
};

/** Cuts the connection. Returns what the codec sends after the server has greeted it again. */
const reconnect = (bench: Bench): Outcome => {
  bench.down();
  const again = bench.up();
  return bench.receive(line({ id: idOf(again), connect: { ...WELCOME, client: 'c2' } }));
};

test('connects once for all tabs, and keeps the pings of the server to itself', () => {
  const bench = new Bench(centrifuge);
  bench.open('a');
  expect(bench.up().opened('a')).toEqual(['']);
  expect(parse(bench.send('a', CONNECT).sent)).toEqual([{ id: 1, connect: { token: 't', name: 'js' } }]);
  bench.open('b');
  expect(bench.send('b', CONNECT.replace('"id":1', '"id":9')).sent).toEqual([]);
  const outcome = bench.receive(line({ id: 1, connect: WELCOME }));
  expect(outcome.has('greeted')).toBe(true);
  const { ping: _ping, pong: _pong, ...welcome } = WELCOME;
  expect(got(outcome, 'a')).toEqual([{ id: 1, connect: welcome }]);
  expect(got(outcome, 'b')).toEqual([{ id: 9, connect: welcome }]);
  bench.now += 20_000;
  bench.open('c');
  expect(got(bench.send('c', CONNECT), 'c')).toEqual([{ id: 1, connect: { ...welcome, ttl: 40 } }]);
  const ping = bench.receive('{}');
  expect([ping.sent, ping.receivedBy('a')]).toEqual([['{}'], []]);
  expect(bench.send('a', '{}').sent).toEqual([]);
});

test('subscribes once to a channel of two tabs, without compression', () => {
  const bench = twoTabs();
  const first = bench.send('a', subscribe(2));
  expect(parse(first.sent)).toEqual([{ id: idOf(first), subscribe: { channel: 'news' } }]);
  expect(bench.send('b', subscribe(7)).sent).toEqual([]);
  const outcome = bench.receive(line({ id: idOf(first), subscribe: RECOVERABLE }));
  expect(got(outcome, 'a')).toEqual([{ id: 2, subscribe: RECOVERABLE }]);
  expect(got(outcome, 'b')).toEqual([{ id: 7, subscribe: RECOVERABLE }]);
  const both = bench.receive(`${pub(6)}\n${pub(7)}`);
  for (const tab of ['a', 'b']) expect(got(both, tab)).toEqual(parse([pub(6), pub(7)]));
  bench.open('c');
  bench.send('c', CONNECT);
  expect(got(bench.send('c', subscribe(3)), 'c')).toEqual([{ id: 3, subscribe: { ...RECOVERABLE, offset: 7 } }]);
  expect(got(bench.send('c', subscribe(4)), 'c')).toMatchObject([{ id: 4, error: { code: 105 } }]);
});

test('does not take the answer to a subscribe that its tab took back for that of a later one', () => {
  const bench = twoTabs();
  const first = idOf(bench.send('a', subscribe(2, 'news', { token: 'old' })));
  bench.send('a', line({ id: 3, unsubscribe: { channel: 'news' } }));
  const second = idOf(bench.send('b', subscribe(2, 'news', { token: 'new' })));
  expect(got(bench.receive(line({ id: first, error: { code: 103, message: 'permission denied' } })), 'b')).toEqual([]);
  const joined = bench.receive(line({ id: second, subscribe: RECOVERABLE }));
  expect(got(joined, 'b')).toEqual([{ id: 2, subscribe: RECOVERABLE }]);
  const outcome = bench.receive(pub(6));
  expect([got(outcome, 'a'), got(outcome, 'b')]).toEqual([[], parse([pub(6)])]);
});

test('takes a subscribe in the same frame as connect, and forgets it when the server refuses the connect', () => {
  const bench = new Bench(centrifuge);
  bench.open('a');
  bench.up();
  expect(bench.send('a', `${CONNECT}\n${subscribe(2)}`).sent).toHaveLength(1);
  expect(parse(bench.receive(line({ id: 1, connect: WELCOME })).sent)).toMatchObject([
    { subscribe: { channel: 'news' } },
  ]);
  bench.close('a');
  bench.down();
  bench.open('a');
  bench.up();
  const again = bench.send('a', `${CONNECT}\n${subscribe(2)}`);
  bench.receive(line({ id: idOf(again), error: { code: 109, message: 'token expired' } }));
  const third = bench.send('a', CONNECT);
  expect(bench.receive(line({ id: idOf(third), connect: WELCOME })).sent).toEqual([]);
});

test('unsubscribes when the last tab has left a channel', () => {
  const bench = subscribed();
  const first = bench.send('a', '{"id":3,"unsubscribe":{"channel":"news"}}');
  expect([first.sent, got(first, 'a')]).toEqual([[], [{ id: 3, unsubscribe: {} }]]);
  expect(bench.receive(pub(6)).receivedBy('a')).toEqual([]);
  expect(parse(bench.close('b').sent)).toMatchObject([{ unsubscribe: { channel: 'news' } }]);
});

test('gives each tab the answers to its own commands', () => {
  const bench = twoTabs();
  const one = idOf(bench.send('a', '{"id":5,"publish":{"channel":"x","data":1}}'));
  const two = idOf(bench.send('b', '{"id":5,"rpc":{"method":"m"}}'));
  expect(parse(bench.send('a', '{"send":{"data":1}}').sent)).toEqual([{ send: { data: 1 } }]);
  const answered = bench.receive(
    line({ id: two, rpc: { data: 2 } }),
    line({ id: one, error: { code: 103, message: 'no' } }),
  );
  expect(got(answered, 'a')).toEqual([{ id: 5, error: { code: 103, message: 'no' } }]);
  expect(got(answered, 'b')).toEqual([{ id: 5, rpc: { data: 2 } }]);
});

test('recovers a channel from its position after a lost connection, and tabs notice nothing', () => {
  const bench = subscribed();
  bench.receive(pub(6));
  const again = reconnect(bench);
  expect(parse(again.sent)).toMatchObject([{ subscribe: { channel: 'news', recover: true, epoch: 'e1', offset: 6 } }]);
  const missed = [7, 8].map((offset) => ({ data: { n: offset }, offset }));
  const outcome = bench.receive(
    line({
      id: idOf(again),
      subscribe: { ...RECOVERABLE, offset: 8, was_recovering: true, recovered: true, publications: missed },
    }),
  );
  for (const tab of ['a', 'b']) expect(got(outcome, tab)).toEqual(parse([pub(7), pub(8)]));
  expect(bench.receive(pub(8)).receivedBy('a')).toEqual([]);
  expect(got(bench.receive(pub(9)), 'a')).toEqual(parse([pub(9)]));
});

test.each([
  ['the server no longer has what is missing', RECOVERABLE],
  ['the channel has no history', {}],
])('lets the clients subscribe again when %s', (_, answer) => {
  const bench = subscribed(answer);
  const again = reconnect(bench);
  const outcome = bench.receive(
    line({ id: idOf(again), subscribe: { ...answer, ...('epoch' in answer && { epoch: 'e2', recovered: false }) } }),
  );
  expect(got(outcome, 'a')).toEqual([
    { push: { channel: 'news', unsubscribe: { code: 2500, reason: 'insufficient state' } } },
  ]);
  const request = 'epoch' in answer ? { recover: true, epoch: 'e1', offset: 5 } : {};
  const answered = bench.send('a', subscribe(8, 'news', request));
  expect(answered.sent).toEqual([]);
  const [reply] = got(answered, 'a');
  expect(reply).toMatchObject({
    id: 8,
    subscribe: 'epoch' in answer ? { recovered: false, was_recovering: true, epoch: 'e2' } : {},
  });
  bench.receive(pub(6));
  expect(got(bench.receive(pub(7)), 'a')).toHaveLength(1);
});

test('gives a tab that comes back what it missed, as long as the codec has it', () => {
  const bench = subscribed();
  bench.receive(pub(6), pub(7));
  bench.open('c');
  bench.send('c', CONNECT);
  const missed = got(bench.send('c', subscribe(2, 'news', { recover: true, epoch: 'e1', offset: 6 })), 'c');
  expect(missed).toMatchObject([{ subscribe: { recovered: true, offset: 7, publications: [{ offset: 7 }] } }]);
  bench.open('d');
  bench.send('d', CONNECT);
  const unknown = got(bench.send('d', subscribe(2, 'news', { recover: true, epoch: 'e1', offset: 1 })), 'd');
  expect(unknown).toMatchObject([{ subscribe: { recovered: false, was_recovering: true } }]);
});

test('ends a command with an error when the connection is lost before its answer, and sends waiting ones later', () => {
  const bench = twoTabs();
  bench.send('a', '{"id":5,"publish":{"channel":"x","data":1}}');
  expect(got(bench.down(), 'a')).toMatchObject([{ id: 5, error: { code: 11 } }]);
  expect(bench.send('a', '{"id":6,"publish":{"channel":"x","data":2}}').sent).toEqual([]);
  const outcome = bench.receive(line({ id: idOf(bench.up()), connect: WELCOME }));
  expect(parse(outcome.sent)).toMatchObject([{ publish: { channel: 'x', data: 2 } }]);
});

test('connects with the newest token, and lets tabs connect again when the server refuses it', () => {
  const bench = twoTabs();
  const id = idOf(bench.send('a', '{"id":5,"refresh":{"token":"t2"}}'));
  expect(got(bench.receive(line({ id, refresh: { ttl: 60 } })), 'a')).toEqual([{ id: 5, refresh: { ttl: 60 } }]);
  bench.down();
  const again = bench.up();
  expect(parse(again.sent)).toMatchObject([{ connect: { token: 't2' } }]);
  const refused = bench.receive(line({ id: idOf(again), error: { code: 109, message: 'token expired' } }));
  for (const tab of ['a', 'b']) expect(refused.closed(tab)).toEqual([[1006, '', false]]);
  bench.open('a');
  const third = bench.send('a', '{"id":1,"connect":{"token":"t3"}}');
  expect(parse(third.sent)).toMatchObject([{ connect: { token: 't3' } }]);
  expect(got(bench.receive(line({ id: idOf(third), error: { code: 109, message: 'x' } })), 'a')).toMatchObject([
    { id: 1, error: { code: 109 } },
  ]);
});

test('uses the newest token of a channel for its next subscribe', () => {
  const bench = subscribed();
  const id = idOf(bench.send('a', '{"id":5,"sub_refresh":{"channel":"news","token":"s2"}}'));
  bench.receive(line({ id, sub_refresh: {} }));
  expect(parse(reconnect(bench).sent)).toMatchObject([{ subscribe: { token: 's2' } }]);
});

test('recovers the channels to which the server itself subscribes', () => {
  const bench = new Bench(centrifuge);
  bench.open('a');
  bench.up();
  bench.send('a', CONNECT);
  const welcome = bench.receive(line({ id: 1, connect: { ...WELCOME, subs: { me: RECOVERABLE } } }));
  expect(got(welcome, 'a')).toMatchObject([{ connect: { subs: { me: { offset: 5 } } } }]);
  expect(bench.receive(pub(6, 'me')).receivedBy('a')).toEqual([pub(6, 'me')]);
  bench.down();
  const again = bench.up();
  expect(parse(again.sent)).toMatchObject([{ connect: { subs: { me: { recover: true, epoch: 'e1', offset: 6 } } } }]);
  const subs = { me: { ...RECOVERABLE, offset: 7, recovered: true, publications: [{ data: { n: 7 }, offset: 7 }] } };
  const outcome = bench.receive(line({ id: idOf(again), connect: { ...WELCOME, subs } }));
  expect(got(outcome, 'a')).toEqual(parse([pub(7, 'me')]));
  const message = line({ push: { message: { data: 1 } } });
  expect(bench.receive(message).receivedBy('a')).toEqual([message]);
});

test('passes on an unsubscribe of the server, and subscribes again for a tab that does', () => {
  const bench = subscribed();
  const push = line({ push: { channel: 'news', unsubscribe: { code: 2500, reason: 'x' } } });
  expect(bench.receive(push).receivedBy('b')).toEqual([push]);
  expect(bench.send('b', subscribe(8)).sent).toHaveLength(1);
});

test('refuses a subscribe that the server closes on, and no other', () => {
  const bench = subscribed();
  bench.now += 10_000;
  bench.send('b', subscribe(9, 'bad'));
  const outcome = bench.down(3501);
  expect(got(outcome, 'b')).toMatchObject([{ id: 9, error: { code: 107 } }]);
  expect([outcome.closed('a'), outcome.closed('b')]).toEqual([[], []]);
});

test('believes in the connection as long as the pings of the server arrive', () => {
  const bench = twoTabs();
  bench.now += 34_000;
  expect(bench.dispatch({ type: 'probe' }).has('alive')).toBe(true);
  bench.now += 2_000;
  expect(bench.dispatch({ type: 'probe' }).has('alive')).toBe(false);
});

test('closes the socket of a tab whose worker was stopped, so that its client connects again', () => {
  expect(new Bench(centrifuge).open('a', '').closed('a')).toEqual([[1006, '', false]]);
});

test.each([
  ['binary frames', new Uint8Array([1]).buffer, 1003],
  ['a subscribe before connect', subscribe(1), 3501],
])('closes the socket of a tab that sends %s', (_, data, code) => {
  const bench = new Bench(centrifuge);
  bench.open('a');
  bench.up();
  expect(
    bench
      .send('a', data)
      .closed('a')
      .map(([closedWith]) => closedWith),
  ).toEqual([code]);
});

test.each([
  [3000, 'redial'],
  [3500, 'end'],
  [3501, 'redial'],
  [4401, 'authorize'],
  [4403, 'redial'],
  [4501, 'end'],
  [1012, 'redial'],
])('handles close code %i as clients of the protocol do', (code, type) => {
  expect(centrifuge.closed(code, '')).toEqual({ type });
});
