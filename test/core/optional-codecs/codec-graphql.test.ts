import { expect, test } from 'vitest';
import { graphqlTransportWs } from '../../../src/core/optional-codecs/optional-codecs.ts';
import { isRepeatable } from '../../../src/core/optional-codecs/graphql-transport-ws.ts';
import { Bench } from '../codecs/codec-frames.ts';

/* Frames as graphql-ws 6.4.2 sent and answered them. */

const INIT = '{"type":"connection_init"}';
const ACK = '{"type":"connection_ack"}';
const subscribe = (id: string, query = 'subscription { tick }') =>
  JSON.stringify({ id, type: 'subscribe', payload: { query } });
const next = (id: string, tick: number) => `{"id":"${id}","type":"next","payload":{"data":{"tick":${tick}}}}`;
const UNCERTAIN = /"type":"error".*whether this was carried out is unknown/;

/** Two tabs with an acknowledged connection. */
const twoTabs = (): Bench => {
  const bench = new Bench(graphqlTransportWs);
  bench.open('a');
  bench.open('b');
  bench.up();
  bench.send('a', INIT);
  bench.send('b', INIT);
  bench.receive(ACK);
  return bench;
};

test('opens the sockets of tabs when the connection is up, sends one init for all, and acknowledges each tab', () => {
  const bench = new Bench(graphqlTransportWs);
  bench.open('a');
  expect(bench.up().opened('a')).toEqual(['graphql-transport-ws']);
  expect(bench.send('a', '{"type":"connection_init","payload":{"as":"demo"}}').sent).toEqual([
    '{"type":"connection_init","payload":{"as":"demo"}}',
  ]);
  expect(bench.open('b').opened('b')).toEqual(['graphql-transport-ws']);
  expect(bench.send('b', INIT).sent).toEqual([]);
  const outcome = bench.receive('{"type":"connection_ack","payload":{"v":1}}');
  expect(outcome.has('greeted')).toBe(true);
  expect([outcome.receivedBy('a'), outcome.receivedBy('b')]).toEqual([
    ['{"type":"connection_ack","payload":{"v":1}}'],
    ['{"type":"connection_ack","payload":{"v":1}}'],
  ]);
  bench.open('c');
  expect(bench.send('c', INIT).receivedBy('c')).toEqual(['{"type":"connection_ack","payload":{"v":1}}']);
});

test('keeps the operations of two tabs apart when they have the same id', () => {
  const bench = twoTabs();
  expect(bench.send('a', subscribe('1')).sent).toEqual([subscribe('1')]);
  expect(bench.send('b', subscribe('1')).sent).toEqual([subscribe('2')]);
  const second = bench.receive(next('2', 7));
  expect([second.receivedBy('a'), second.receivedBy('b')]).toEqual([[], [next('1', 7)]]);
  expect(bench.receive('{"id":"2","type":"complete"}').receivedBy('b')).toEqual(['{"id":"1","type":"complete"}']);
  expect(bench.receive(next('2', 8)).receivedBy('b')).toEqual([]);
  expect(bench.send('a', '{"id":"1","type":"complete"}').sent).toEqual(['{"id":"1","type":"complete"}']);
});

test('ends only one operation when the server sends an error', () => {
  const bench = twoTabs();
  bench.send('b', subscribe('9', '{ nonsense }'));
  const error = '{"id":"1","type":"error","payload":[{"message":"Cannot query field \\"nonsense\\""}]}';
  expect(bench.receive(error).receivedBy('b')).toEqual([error.replace('"id":"1"', '"id":"9"')]);
  expect(bench.send('b', subscribe('9', '{ hello }')).sent).toEqual([subscribe('2', '{ hello }')]);
});

test('keeps tabs open, subscribes again and reports a possible gap when the connection is lost', () => {
  const bench = twoTabs();
  bench.send('a', subscribe('x'));
  bench.send('b', subscribe('y'));
  const lost = bench.down();
  expect([lost.closed('a'), lost.closed('b'), lost.receivedBy('a')]).toEqual([[], [], []]);
  expect(bench.send('a', subscribe('z')).sent).toEqual([]);
  expect(bench.up().sent).toEqual([INIT.replace('}', ',"payload":{}}')]);
  const again = bench.receive(ACK);
  expect(again.sent).toEqual([subscribe('1'), subscribe('2'), subscribe('3')]);
  expect(again.receivedBy('a')).toEqual(['{"type":"ping","payload":{"possibleGap":["x"]}}']);
  expect(again.receivedBy('b')).toEqual(['{"type":"ping","payload":{"possibleGap":["y"]}}']);
  expect(bench.send('a', '{"type":"pong"}').sent).toEqual([]);
  expect(again.outputs).toContainEqual({ type: 'count', what: 'resumed', by: 1 });
});

test('ends a mutation with an error, and never sends it twice, when the connection is lost', () => {
  const bench = twoTabs();
  bench.send('a', subscribe('m', 'mutation { add }'));
  bench.send('a', subscribe('p', undefined).replace('"query":"subscription { tick }"', '"extensions":{}'));
  expect(bench.down().receivedBy('a')).toEqual([expect.stringMatching(UNCERTAIN), expect.stringMatching(UNCERTAIN)]);
  expect(bench.send('a', subscribe('n', 'mutation { add }')).sent).toEqual([]);
  bench.up();
  expect(bench.receive(ACK).sent).toEqual([subscribe('3', 'mutation { add }')]);
});

test.each([
  ['{ a }', true],
  ['query Q($x: Int = 1) { a(b: {c: "mutation"}) }', true],
  ['# mutation\nsubscription { a }', true],
  ['subscription { mutation }', true],
  ['"""mutation\n\\""" """ query { a }', true],
  ['mutation { a }', false],
  ['query A { a } mutation B { b }', false],
  ['fragment F on T { a } mutation B { ...F }', false],
])('allows a repeat of %j: %s', (query, may) => {
  expect(isRepeatable({ query })).toBe(may);
});

test('resumes subscriptions and does not repeat mutations when another worker takes over', () => {
  const before = twoTabs();
  before.send('a', subscribe('x'), subscribe('m', 'mutation { add }'));
  before.send('b', subscribe('y'));
  const bench = new Bench(graphqlTransportWs);
  expect(bench.open('a', before.memos.get('a')).receivedBy('a')).toEqual([expect.stringMatching(UNCERTAIN)]);
  bench.open('b', before.memos.get('b'));
  expect(bench.up().sent).toEqual(['{"type":"connection_init","payload":{}}']);
  const again = bench.receive(ACK);
  expect(again.sent).toEqual([subscribe('1'), subscribe('2')]);
  expect(again.receivedBy('a')).toEqual(['{"type":"ping","payload":{"possibleGap":["x"]}}']);
  expect(bench.receive(next('2', 5)).receivedBy('b')).toEqual([next('y', 5)]);
  // The former worker had not acknowledged this frame, so the page sends it again.
  expect(bench.send('a', subscribe('x')).outputs).toEqual([]);
});

test('completes the old operations and subscribes again when a tab reopens its socket on the same worker', () => {
  const bench = twoTabs();
  bench.send('a', subscribe('x'));
  const again = bench.open('a', bench.memos.get('a'));
  expect(again.sent).toEqual(['{"id":"1","type":"complete"}', subscribe('2')]);
  expect(again.receivedBy('a')).toEqual(['{"type":"ping","payload":{"possibleGap":["x"]}}']);
});

test.each([
  ['no JSON', 'nonsense', 4400],
  ['no type', '{"id":"1"}', 4400],
  ['a second init', INIT, 4429],
  ['a used id', subscribe('1', '{ other }'), 4409],
])('closes only the socket of the tab that sent %s', (_name, data, code) => {
  const bench = twoTabs();
  bench.send('a', subscribe('1'));
  bench.send('b', subscribe('1'));
  const outcome = bench.send('a', data);
  expect(outcome.closed('a')).toMatchObject([[code, expect.any(String), true]]);
  expect(outcome.closed('b')).toEqual([]);
  expect(outcome.sent).toEqual(['{"id":"1","type":"complete"}']);
  expect(bench.codec.listeners).toBe(1);
});

test('closes the socket of a tab that sends no init or subscribes before it', () => {
  const bench = new Bench(graphqlTransportWs);
  bench.open('a');
  bench.up();
  expect(bench.down(4408).closed('a')).toEqual([[4408, '', true]]);
  bench.open('b');
  bench.up();
  expect(bench.send('b', subscribe('1')).closed('b')).toEqual([[4401, 'Unauthorized', true]]);
});

test.each([4400, 4406, 4409, 4429, 4500, 4504])(
  'closes the tabs when the server closes with the permanent error %i',
  (code) => {
    const bench = twoTabs();
    const outcome = bench.down(code);
    expect([outcome.closed('a'), outcome.closed('b')]).toEqual([[[code, '', true]], [[code, '', true]]]);
    expect(graphqlTransportWs.closed(code, '')).toEqual({ type: 'redial' });
  },
);

test('asks for a new ticket after 4401, stops after 4403 and waits after 1012', () => {
  expect(graphqlTransportWs.closed(4401, '')).toEqual({ type: 'authorize' });
  expect(graphqlTransportWs.closed(4403, 'Forbidden')).toEqual({ type: 'stop' });
  expect(graphqlTransportWs.closed(1012, '{"ra":100}')).toEqual({ type: 'wait', ms: 100 });
});

test('answers the pings of both sides, and measures the round trip with its own', () => {
  const bench = twoTabs();
  expect(bench.receive('{"type":"ping"}').sent).toEqual(['{"type":"pong"}']);
  expect(bench.send('a', '{"type":"ping"}').receivedBy('a')).toEqual(['{"type":"pong"}']);
  expect(bench.dispatch({ type: 'probe' }).sent).toEqual(['{"type":"ping"}']);
  bench.now += 12;
  expect(bench.receive('{"type":"pong"}').outputs).toEqual([{ type: 'round-trip', ms: 12 }]);
});

test('reports a violation when a frame is not of the protocol', () => {
  for (const data of ['nonsense', '{"type":"data"}', new ArrayBuffer(2)])
    expect(twoTabs().receive(data).outputs).toEqual([{ type: 'violated' }]);
});

test('closes a socket that exceeds 1,024 operations', () => {
  const bench = twoTabs();
  for (let id = 0; id < 1_024; id++) bench.send('a', subscribe(`q${id}`));
  expect(bench.send('b', subscribe('1')).closed('b')).toMatchObject([[1013, 'over-limit', true]]);
});

test('keeps nothing of the former session when another user signs in', () => {
  const bench = new Bench(graphqlTransportWs);
  bench.open('a');
  bench.up();
  bench.send('a', '{"type":"connection_init","payload":{"as":"one"}}');
  bench.receive(ACK);
  bench.send('a', subscribe('1'));
  expect(bench.dispatch({ type: 'ended', code: 4401, reason: 'signed-out' }).closed('a')).toEqual([
    [4401, 'signed-out', false],
  ]);
  bench.down(1000);
  bench.dispatch({ type: 'forget' });
  bench.open('b');
  expect(bench.up().sent).toEqual([]);
  expect(bench.send('b', '{"type":"connection_init","payload":{"as":"two"}}').sent).toEqual([
    '{"type":"connection_init","payload":{"as":"two"}}',
  ]);
  expect(bench.receive(ACK).sent).toEqual([]);
});

test('completes the operations of a tab that leaves', () => {
  const bench = twoTabs();
  bench.send('a', subscribe('1'));
  bench.send('b', subscribe('1'));
  expect(bench.dispatch({ type: 'tab-left', tab: 'a' }).sent).toEqual(['{"id":"1","type":"complete"}']);
  expect(bench.close('b').sent).toEqual(['{"id":"2","type":"complete"}']);
  expect(bench.codec.listeners).toBe(0);
});
