import { expect, test } from 'vitest';
import { socketIo } from '../../../src/core/optional-codecs/optional-codecs.ts';
import { Bench } from './codec-frames.ts';

/* Frames as socket.io 4.8.4 sent and answered them, with connection state recovery. */

const OPEN =
  '0{"sid":"jhOzEFjBGFIUnQHTAAAA","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}';
const OPEN_FOR_TABS = OPEN.replace('20000', '120000');
const SID = 'upZ7ujB0Qa5-t3OqAAAA';
const PID = 't3L19iId6IIrxRAgAAAB';
const CONNECTED = `40{"sid":"${SID}","pid":"${PID}"}`;
const CONNECTED_FOR_TABS = `40{"sid":"${SID}"}`;
const tick = (n: number) => `42["tick",${n},"Q80c3b${n}"]`;

const twoTabs = (connected = CONNECTED): Bench => {
  const bench = new Bench(socketIo);
  bench.open('a');
  bench.open('b');
  bench.up();
  bench.receive(OPEN);
  bench.send('a', '40');
  bench.send('b', '40');
  bench.receive(connected);
  return bench;
};

test('sends one handshake and one connect for all tabs', () => {
  const bench = new Bench(socketIo);
  bench.open('a');
  expect(bench.up().outputs).toEqual([]);
  const opened = bench.receive(OPEN);
  expect([opened.opened('a'), opened.receivedBy('a'), opened.has('greeted')]).toEqual([[''], [OPEN_FOR_TABS], true]);
  expect(bench.send('a', '40{"token":"x"}').sent).toEqual(['40{"token":"x"}']);
  bench.open('b');
  expect(bench.send('b', '40{"token":"x"}').sent).toEqual([]);
  const connected = bench.receive(CONNECTED);
  expect([connected.receivedBy('a'), connected.receivedBy('b')]).toEqual([[CONNECTED_FOR_TABS], [CONNECTED_FOR_TABS]]);
  expect(bench.open('c').receivedBy('c')).toEqual([OPEN_FOR_TABS]);
  expect(bench.send('c', '40').receivedBy('c')).toEqual([CONNECTED_FOR_TABS]);
});

test('sends events to all tabs, and an acknowledgement to the tab that asked', () => {
  const bench = twoTabs();
  const received = bench.receive(tick(1));
  expect([received.receivedBy('a'), received.receivedBy('b')]).toEqual([[tick(1)], [tick(1)]]);
  expect(bench.send('a', '420["add",1,2]').sent).toEqual(['421["add",1,2]']);
  expect(bench.send('b', '420["add",3,4]').sent).toEqual(['422["add",3,4]']);
  const answered = bench.receive('432[7]');
  expect([answered.receivedBy('a'), answered.receivedBy('b')]).toEqual([[], ['430[7]']]);
  expect(bench.send('b', '42["shout"]').sent).toEqual(['42["shout"]']);
});

test('sends only the first answer when the server asks for an acknowledgement', () => {
  const bench = twoTabs();
  const asked = bench.receive('425["ready?"]');
  expect([asked.receivedBy('a'), asked.receivedBy('b')]).toEqual([['425["ready?"]'], ['425["ready?"]']]);
  expect(bench.send('b', '435[true]').sent).toEqual(['435[true]']);
  expect(bench.send('a', '435[true]').sent).toEqual([]);
});

test('keeps the binary packets of two tabs apart, and delivers them complete', () => {
  const bench = twoTabs();
  const [one, two] = [new Uint8Array([1, 2]).buffer, new Uint8Array([3]).buffer];
  const head = '450-'.replace('0', '1') + '7["bin",{"_placeholder":true,"num":0}]';
  expect(bench.send('a', head).sent).toEqual([]);
  expect(bench.send('b', head).sent).toEqual([]);
  expect(bench.send('b', two).sent).toEqual(['451-1["bin",{"_placeholder":true,"num":0}]', two]);
  expect(bench.send('a', one).sent).toEqual(['451-2["bin",{"_placeholder":true,"num":0}]', one]);
  const answer = '461-2[{"_placeholder":true,"num":0}]';
  expect(bench.receive(answer).outputs).toEqual([]);
  const whole = bench.receive(one);
  expect([whole.receivedBy('a'), whole.receivedBy('b')]).toEqual([['461-7[{"_placeholder":true,"num":0}]', one], []]);
});

test('delivers missed events once and sends unanswered requests again after recovery', () => {
  const bench = twoTabs();
  bench.receive(tick(1));
  bench.send('a', '420["add",1,2]');
  const lost = bench.down();
  expect([lost.closed('a'), lost.closed('b')]).toEqual([[], []]);
  expect(bench.send('b', '42["shout"]').sent).toEqual([]);
  bench.up();
  const opened = bench.receive(OPEN.replace('jhOz', 'A5XB'));
  expect(opened.sent).toEqual([`40{"pid":"${PID}","offset":"Q80c3b1"}`]);
  expect(opened.receivedBy('a')).toEqual([]);
  // The server sends the missed events before it reports the recovery.
  const again = bench.receive(tick(2), CONNECTED);
  expect([again.receivedBy('a'), again.receivedBy('b')]).toEqual([[tick(2)], [tick(2)]]);
  expect(again.sent).toEqual(['421["add",1,2]', '42["shout"]']);
  expect(again.outputs).toContainEqual({ type: 'count', what: 'resumed', by: 1 });
  expect(bench.receive('431[3]').receivedBy('a')).toEqual(['430[3]']);
});

test.each([
  ['another session', `40{"sid":"other","pid":"other"}`, CONNECTED],
  ['no recovery at all', '40{"sid":"other"}', `40{"sid":"${SID}"}`],
])('closes the old sockets when the server cannot recover: %s', (_name, answer, connected) => {
  const bench = twoTabs(connected);
  bench.receive(tick(1));
  bench.down();
  bench.open('c');
  bench.send('c', '40');
  bench.up();
  bench.receive(OPEN);
  bench.send('c', '40');
  const again = bench.receive(answer);
  expect([again.closed('a'), again.closed('b'), again.closed('c')]).toEqual([
    [[1006, '', false]],
    [[1006, '', false]],
    [],
  ]);
  expect(again.receivedBy('c')).toEqual(['40{"sid":"other"}']);
});

test('keeps namespaces apart when the server rejects one', () => {
  const bench = twoTabs();
  expect(bench.send('a', '40/admin,{"token":"x"}').sent).toEqual(['40/admin,{"token":"x"}']);
  const refused = bench.receive('44/admin,{"message":"not you"}');
  expect([refused.receivedBy('a'), refused.receivedBy('b')]).toEqual([['44/admin,{"message":"not you"}'], []]);
  expect(bench.receive(tick(1)).receivedBy('a')).toEqual([tick(1)]);
  bench.send('b', '40/news,');
  bench.receive('40/news,{"sid":"n"}');
  expect(bench.receive('42/news,["x"]').receivedBy('a')).toEqual([]);
  expect(bench.send('b', '42/news,["y"]').sent).toEqual(['42/news,["y"]']);
  expect(bench.send('b', '41/news,').sent).toEqual(['41/news,']);
});

test('forwards the disconnect of a namespace to each tab, and lets tabs connect again', () => {
  const bench = twoTabs();
  const out = bench.receive('41');
  expect([out.receivedBy('a'), out.receivedBy('b')]).toEqual([['41'], ['41']]);
  expect(bench.send('a', '40').sent).toEqual(['40']);
});

test('leaves a namespace when its last tab leaves', () => {
  const bench = twoTabs();
  expect(bench.send('a', '41').sent).toEqual([]);
  expect(bench.receive(tick(1)).receivedBy('a')).toEqual([]);
  expect(bench.dispatch({ type: 'tab-left', tab: 'b' }).sent).toEqual(['41']);
  expect(bench.codec.listeners).toBe(1);
});

test('resumes at the oldest position when another worker takes over and tabs differ', () => {
  const before = twoTabs();
  before.receive(tick(1));
  const behind = before.memos.get('b');
  before.receive(tick(2));
  before.send('a', '420["add",1,2]');
  const bench = new Bench(socketIo);
  bench.open('a', before.memos.get('a'));
  bench.open('b', behind);
  bench.up();
  const opened = bench.receive(OPEN);
  expect([opened.opened('a'), opened.receivedBy('a')]).toEqual([[''], []]);
  expect(opened.sent).toEqual([`40{"pid":"${PID}","offset":"Q80c3b1"}`]);
  const again = bench.receive(tick(2), tick(3), CONNECTED);
  expect([again.receivedBy('a'), again.receivedBy('b')]).toEqual([[tick(3)], [tick(2), tick(3)]]);
  expect(again.sent).toEqual(['421["add",1,2]']);
  expect(bench.receive('431[3]').receivedBy('a')).toEqual(['430[3]']);
});

test('reconnects at the older position when a late tab is behind', () => {
  const before = twoTabs();
  before.receive(tick(1));
  const behind = before.memos.get('b');
  before.receive(tick(2));
  const bench = new Bench(socketIo);
  bench.open('a', before.memos.get('a'));
  bench.up();
  bench.receive(OPEN, CONNECTED);
  const late = bench.open('b', behind);
  expect([late.closed('a'), late.closed('b')]).toEqual([[], []]);
  expect(late.has('redial')).toBe(true);
  bench.down();
  bench.up();
  expect(bench.receive(OPEN).sent).toEqual([`40{"pid":"${PID}","offset":"Q80c3b1"}`]);
  const again = bench.receive(tick(2), tick(3), CONNECTED);
  expect([again.receivedBy('a'), again.receivedBy('b')]).toEqual([[tick(3)], [tick(2), tick(3)]]);
  expect(bench.open('c', 'nonsense').closed('c')).toEqual([[1006, '', false]]);
});

test('closes the socket of a late tab when the server has no recovery', () => {
  const before = twoTabs(CONNECTED_FOR_TABS);
  const bench = new Bench(socketIo);
  bench.open('a', before.memos.get('a'));
  bench.up();
  expect(bench.receive(OPEN, '40{"sid":"other"}').closed('a')).toEqual([[1006, '', false]]);
  bench.open('a');
  bench.send('a', '40');
  bench.receive('40{"sid":"other"}');
  expect(bench.open('b', before.memos.get('b')).closed('b')).toEqual([[1006, '', false]]);
});

test('reconnects when a tab returns after the last tab has left', () => {
  const before = twoTabs();
  before.receive(tick(1));
  const bench = new Bench(socketIo);
  bench.open('a', before.memos.get('a'));
  bench.up();
  bench.receive(OPEN, CONNECTED);
  expect(bench.dispatch({ type: 'tab-left', tab: 'a' }).sent).toEqual(['41']);
  const late = bench.open('b', before.memos.get('b'));
  expect([late.has('redial'), late.sent]).toEqual([true, []]);
});

test('answers pings, forwards them to each tab, and uses them to detect silence', () => {
  const bench = twoTabs();
  const pinged = bench.receive('2');
  expect([pinged.sent, pinged.receivedBy('a'), pinged.receivedBy('b')]).toEqual([['3'], ['2'], ['2']]);
  expect(bench.send('a', '3').outputs).toEqual([]);
  bench.now += 28_000;
  expect(bench.dispatch({ type: 'probe' }).outputs).toEqual([{ type: 'alive' }]);
  bench.now += 1;
  expect(bench.dispatch({ type: 'probe' }).outputs).toEqual([]);
});

test('reports a violation of the server, and closes only the tab that violates the protocol', () => {
  expect(twoTabs().receive('hello').outputs).toEqual([{ type: 'violated' }]);
  expect(twoTabs().receive(new ArrayBuffer(1)).outputs).toEqual([{ type: 'violated' }]);
  const outcome = twoTabs().send('a', new ArrayBuffer(1));
  expect([outcome.closed('a'), outcome.closed('b'), outcome.sent]).toEqual([[[1007, '', false]], [], []]);
});

test('closes a tab that fills the outbox', () => {
  const bench = twoTabs();
  bench.down();
  for (let n = 0; n < 1_024; n++) expect(bench.send('a', `42["x",${n}]`).closed('a')).toEqual([]);
  expect(bench.send('a', '42["x",1024]').closed('a')).toEqual([[1013, 'over-limit', false]]);
  bench.up();
  expect(bench.receive(OPEN, CONNECTED).sent).toHaveLength(1);
});
