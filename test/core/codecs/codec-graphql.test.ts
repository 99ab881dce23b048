import { expect, test } from 'vitest';
import { graphqlTransportWs } from '../../../src/core/codecs/optional.ts';
import { isRepeatable } from '../../../src/core/codecs/graphql-document.ts';
import { Bench } from './codec-frames.ts';

/* Frames as graphql-ws 6.4.2 sent and answered them. */

const INIT = '{"type":"connection_init"}';
const ACK = '{"type":"connection_ack"}';
const subscribe = (id: string, query = 'subscription { tick }') =>
  JSON.stringify({ id, type: 'subscribe', payload: { query } });
const next = (id: string, tick: number) => `{"id":"${id}","type":"next","payload":{"data":{"tick":${tick}}}}`;
const UNCERTAIN = /"type":"error".*whether this was carried out is unknown/;

/** Both tabs are acknowledged. */
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

test('tabs are let in when the link is up, say hello once for all, and each is acknowledged', () => {
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

test('operations of the same id in two tabs are two, and each hears its own', () => {
  const bench = twoTabs();
  expect(bench.send('a', subscribe('1')).sent).toEqual([subscribe('1')]);
  expect(bench.send('b', subscribe('1')).sent).toEqual([subscribe('2')]);
  const second = bench.receive(next('2', 7));
  expect([second.receivedBy('a'), second.receivedBy('b')]).toEqual([[], [next('1', 7)]]);
  expect(bench.receive('{"id":"2","type":"complete"}').receivedBy('b')).toEqual(['{"id":"1","type":"complete"}']);
  expect(bench.receive(next('2', 8)).receivedBy('b')).toEqual([]);
  expect(bench.send('a', '{"id":"1","type":"complete"}').sent).toEqual(['{"id":"1","type":"complete"}']);
});

test('an error of the server ends one operation', () => {
  const bench = twoTabs();
  bench.send('b', subscribe('9', '{ nonsense }'));
  const error = '{"id":"1","type":"error","payload":[{"message":"Cannot query field \\"nonsense\\""}]}';
  expect(bench.receive(error).receivedBy('b')).toEqual([error.replace('"id":"1"', '"id":"9"')]);
  expect(bench.send('b', subscribe('9', '{ hello }')).sent).toEqual([subscribe('2', '{ hello }')]);
});

test('a lost link: no tab is closed, subscriptions are asked for again, and a possible gap is told', () => {
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

test('a mutation is never sent twice: over a lost link it ends with an error', () => {
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
])('%j may run twice: %s', (query, may) => {
  expect(isRepeatable({ query })).toBe(may);
});

test('another worker goes on where the tab was, and knows what it must not do twice', () => {
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
  // what the former worker took without saying so is said again
  expect(bench.send('a', subscribe('x')).outputs).toEqual([]);
});

test('a tab that comes again on the same worker begins anew, and the server is told of the end of the former', () => {
  const bench = twoTabs();
  bench.send('a', subscribe('x'));
  const again = bench.open('a', bench.memos.get('a'));
  expect(again.sent).toEqual(['{"id":"1","type":"complete"}', subscribe('2')]);
  expect(again.receivedBy('a')).toEqual(['{"type":"ping","payload":{"possibleGap":["x"]}}']);
});

test.each([
  ['no JSON', 'nonsense', 4400],
  ['no type', '{"id":"1"}', 4400],
  ['a second hello', INIT, 4429],
  ['an id that is taken', subscribe('1', '{ other }'), 4409],
])('%s closes the socket of that tab, and no other one hears of it', (_name, data, code) => {
  const bench = twoTabs();
  bench.send('a', subscribe('1'));
  bench.send('b', subscribe('1'));
  const outcome = bench.send('a', data);
  expect(outcome.closed('a')).toMatchObject([[code, expect.any(String), true]]);
  expect(outcome.closed('b')).toEqual([]);
  expect(outcome.sent).toEqual(['{"id":"1","type":"complete"}']);
  expect(bench.codec.listeners).toBe(1);
});

test('before the hello nothing may be asked; without one the server closes, and that tab is told', () => {
  const bench = new Bench(graphqlTransportWs);
  bench.open('a');
  bench.up();
  expect(bench.down(4408).closed('a')).toEqual([[4408, '', true]]);
  bench.open('b');
  bench.up();
  expect(bench.send('b', subscribe('1')).closed('b')).toEqual([[4401, 'Unauthorized', true]]);
});

test.each([4400, 4406, 4409, 4429, 4500, 4504])('what cannot be mended by another try is told: %i', (code) => {
  const bench = twoTabs();
  const outcome = bench.down(code);
  expect([outcome.closed('a'), outcome.closed('b')]).toEqual([[[code, '', true]], [[code, '', true]]]);
  expect(graphqlTransportWs.closed(code, '')).toEqual({ type: 'redial' });
});

test('refusals are about the authorization: a fresh ticket, or the end', () => {
  expect(graphqlTransportWs.closed(4401, '')).toEqual({ type: 'authorize' });
  expect(graphqlTransportWs.closed(4403, 'Forbidden')).toEqual({ type: 'stop' });
  expect(graphqlTransportWs.closed(1012, '{"ra":100}')).toEqual({ type: 'wait', ms: 100 });
});

test('the link answers pings of both sides by itself, and is measured by its own', () => {
  const bench = twoTabs();
  expect(bench.receive('{"type":"ping"}').sent).toEqual(['{"type":"pong"}']);
  expect(bench.send('a', '{"type":"ping"}').receivedBy('a')).toEqual(['{"type":"pong"}']);
  expect(bench.dispatch({ type: 'probe' }).sent).toEqual(['{"type":"ping"}']);
  bench.now += 12;
  expect(bench.receive('{"type":"pong"}').outputs).toEqual([{ type: 'round-trip', ms: 12 }]);
});

test('what is not the protocol is a violation', () => {
  for (const data of ['nonsense', '{"type":"data"}', new ArrayBuffer(2)])
    expect(twoTabs().receive(data).outputs).toEqual([{ type: 'violated' }]);
});

test('there are bounds', () => {
  const bench = twoTabs();
  for (let id = 0; id < 1_024; id++) bench.send('a', subscribe(`q${id}`));
  expect(bench.send('b', subscribe('1')).closed('b')).toMatchObject([[1013, 'over-limit', true]]);
});

test("another person's session: nothing of the former one's is left", () => {
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

test('a tab that goes takes its operations with it', () => {
  const bench = twoTabs();
  bench.send('a', subscribe('1'));
  bench.send('b', subscribe('1'));
  expect(bench.dispatch({ type: 'tab-left', tab: 'a' }).sent).toEqual(['{"id":"1","type":"complete"}']);
  expect(bench.close('b').sent).toEqual(['{"id":"2","type":"complete"}']);
  expect(bench.codec.listeners).toBe(0);
});
