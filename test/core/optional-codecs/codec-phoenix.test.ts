import { expect, test } from 'vitest';
import { phoenix } from '../../../src/core/optional-codecs/optional-codecs.ts';
import { Bench } from '../codecs/codec-frames.ts';

/* Frames as phoenix.js 1.8.16 wrote them (serializer 2), and answers as Phoenix 1.8 gives them. */

const join = (ref: string, topic = 'room:1', payload: object = {}) =>
  JSON.stringify([ref, ref, topic, 'phx_join', payload]);
const reply = (joinRef: string | null, ref: string, response: object = {}, topic = 'room:1') =>
  JSON.stringify([joinRef, ref, topic, 'phx_reply', { status: 'ok', response }]);
const failure = (joinRef: string, ref: string, reason: string, topic = 'room:1') =>
  JSON.stringify([joinRef, ref, topic, 'phx_reply', { status: 'error', response: { reason } }]);
const push = (joinRef: string | null, ref: string | null, event: string, payload: object = {}) =>
  JSON.stringify([joinRef, ref, 'room:1', event, payload]);
const broadcast = (n: number, topic = 'room:1') => JSON.stringify([null, null, topic, 'tick', { n }]);

/** Two tabs in one topic. Their clients count their messages alike. */
const twoTabs = (): Bench => {
  const bench = new Bench(phoenix);
  for (const tab of ['a', 'b']) bench.open(tab);
  bench.up();
  bench.send('a', join('3'));
  bench.receive(reply('1', '1'));
  bench.send('b', join('3'));
  bench.receive(push('1', '1', 'phx_close'), reply('2', '2'));
  return bench;
};

const hasGap = (outcome: ReturnType<Bench['up']>, tab: string): boolean =>
  outcome.outputs.some((output) => output.type === 'toTab' && output.tab === tab && output.frame.type === 'socket-gap');

test('opens the sockets of tabs when the connection is up, and is greeted without a frame', () => {
  const bench = new Bench(phoenix);
  expect(bench.open('a').opened('a')).toEqual([]);
  const outcome = bench.up();
  expect([outcome.opened('a'), outcome.has('greeted'), outcome.sent]).toEqual([[''], true, []]);
  expect(bench.open('b').opened('b')).toEqual(['']);
});

test('joins a topic again for the second tab, and hides the end of the first join', () => {
  const bench = new Bench(phoenix);
  for (const tab of ['a', 'b']) bench.open(tab);
  bench.up();
  expect(bench.send('a', join('3', 'room:1', { as: 'a' })).sent).toEqual([join('1', 'room:1', { as: 'a' })]);
  expect(bench.receive(reply('1', '1', { n: 1 })).receivedBy('a')).toEqual([reply('3', '3', { n: 1 })]);
  expect(bench.send('b', join('5')).sent).toEqual([join('2')]);
  const outcome = bench.receive(push('1', '1', 'phx_close'), reply('2', '2', { n: 2 }));
  expect([outcome.receivedBy('a'), outcome.receivedBy('b')]).toEqual([[], [reply('5', '5', { n: 2 })]]);
  expect([hasGap(outcome, 'a'), hasGap(outcome, 'b')]).toEqual([true, false]);
});

test('joins a known topic again when there are as many topics as it takes, and no new one', () => {
  const bench = new Bench(phoenix);
  bench.open('a');
  bench.up();
  bench.down();
  for (let n = 0; n < 4_096; n += 1) expect(bench.send('a', join('3', `room:${n}`)).receivedBy('a')).toEqual([]);
  expect(bench.send('a', join('5', 'new')).receivedBy('a')).toEqual([failure('5', '5', 'over-limit', 'new')]);
  expect(bench.send('a', join('7', 'room:1')).receivedBy('a')).toEqual([]);
});

test('gives broadcasts to the tabs of their topic, and pushes of the server with the join of each tab', () => {
  const bench = twoTabs();
  bench.send('b', join('8', 'room:2'));
  bench.receive(reply('3', '3', {}, 'room:2'));
  const both = bench.receive(broadcast(1));
  expect([both.receivedBy('a'), both.receivedBy('b')]).toEqual([[broadcast(1)], [broadcast(1)]]);
  const one = bench.receive(broadcast(2, 'room:2'));
  expect([one.receivedBy('a'), one.receivedBy('b')]).toEqual([[], [broadcast(2, 'room:2')]]);
  const direct = bench.receive(push('2', null, 'presence_state'));
  expect(direct.receivedBy('a')).toEqual([push('3', null, 'presence_state')]);
  expect(bench.receive(push('1', null, 'presence_state')).outputs).toHaveLength(1);
});

test('sends the answer to a push only to the tab that sent it', () => {
  const bench = twoTabs();
  expect(bench.send('b', push('3', '4', 'say', { text: 'x' })).sent).toEqual([push('2', '3', 'say', { text: 'x' })]);
  const outcome = bench.receive(reply('2', '3', { id: 7 }));
  expect([outcome.receivedBy('a'), outcome.receivedBy('b')]).toEqual([[], [reply('3', '4', { id: 7 })]]);
});

test('leaves a topic when its last tab leaves or closes', () => {
  const bench = twoTabs();
  const first = bench.send('a', push('3', '9', 'phx_leave'));
  expect([first.sent, first.receivedBy('a')]).toEqual([[], [reply('3', '9')]]);
  expect(bench.close('b').sent).toEqual([push('2', '3', 'phx_leave')]);
  expect(bench.receive(broadcast(1)).receivedBy('a')).toEqual([]);
});

test('answers heartbeats of tabs itself, and sends its own', () => {
  const bench = twoTabs();
  const beat = JSON.stringify([null, '7', 'phoenix', 'heartbeat', {}]);
  const outcome = bench.send('a', beat);
  expect([outcome.sent, outcome.receivedBy('a')]).toEqual([[], [reply(null, '7', {}, 'phoenix')]]);
  expect(bench.dispatch({ type: 'probe' }).sent).toEqual([beat.replace('7', '3')]);
  bench.now += 12;
  expect(bench.receive(reply(null, '3', {}, 'phoenix')).outputs).toContainEqual({ type: 'round-trip', ms: 12 });
});

test('joins again after a lost connection, reports the gap, and keeps the sockets open', () => {
  const bench = twoTabs();
  expect(bench.down().closed('a')).toEqual([]);
  expect(bench.send('a', push('3', '4', 'say')).sent).toEqual([]);
  expect(bench.up().sent).toEqual([join('4'), push('4', '3', 'say')]);
  const outcome = bench.receive(reply('4', '4'));
  expect([hasGap(outcome, 'a'), hasGap(outcome, 'b')]).toEqual([true, true]);
  expect([outcome.receivedBy('a'), outcome.receivedBy('b')]).toEqual([[], []]);
  expect(bench.receive(broadcast(3)).receivedBy('a')).toEqual([broadcast(3)]);
});

test('lets the clients join again when the answer to the new join has other data', () => {
  const bench = twoTabs();
  bench.down();
  bench.up();
  const outcome = bench.receive(reply('3', '3', { unread: 5 }));
  for (const tab of ['a', 'b']) expect(outcome.receivedBy(tab)).toEqual([push('3', '3', 'phx_error')]);
  expect(bench.send('a', join('6')).sent).toEqual([join('4')]);
  expect(bench.receive(reply('4', '4', { unread: 5 })).receivedBy('a')).toEqual([reply('6', '6', { unread: 5 })]);
});

test('answers a push with an error when the connection is lost before its answer', () => {
  const bench = twoTabs();
  bench.send('b', push('3', '4', 'say'));
  expect(bench.down().receivedBy('b')).toEqual([failure('3', '4', 'connection-lost')]);
  expect(bench.up().sent).toEqual([join('4')]);
});

test('lets the earlier tab join again when the server refuses the join of another one', () => {
  const bench = twoTabs();
  bench.send('b', join('5', 'room:1', { token: 'bad' }));
  const outcome = bench.receive(push('2', '2', 'phx_close'), failure('3', '3', 'unauthorized'));
  expect(outcome.receivedBy('a')).toEqual([push('3', '3', 'phx_error')]);
  expect(outcome.receivedBy('b')).toEqual([failure('5', '5', 'unauthorized')]);
});

test('keeps two joins of one topic apart that are under way at once', () => {
  const bench = new Bench(phoenix);
  for (const tab of ['a', 'b']) bench.open(tab);
  bench.up();
  bench.send('a', join('3'));
  bench.send('b', join('5'));
  const outcome = bench.receive(reply('1', '1', { n: 1 }), push('1', '1', 'phx_close'), reply('2', '2', { n: 2 }));
  expect(outcome.receivedBy('a')).toEqual([reply('3', '3', { n: 1 })]);
  expect(outcome.receivedBy('b')).toEqual([reply('5', '5', { n: 2 })]);
});

test('passes on the end and the crash of a channel', () => {
  const bench = twoTabs();
  expect(bench.receive(push('2', '2', 'phx_error')).receivedBy('a')).toEqual([push('3', '3', 'phx_error')]);
  expect(bench.send('a', join('6')).sent).toEqual([join('3')]);
});

test('does not send a join again that the server has closed on', () => {
  const bench = new Bench(phoenix);
  bench.open('a');
  bench.up();
  bench.send('a', join('3', 'bad'));
  const [answer] = bench.down(1009).receivedBy('a');
  expect(String(answer)).toContain('"status":"error"');
  bench.up();
  const again = bench.send('a', join('4', 'bad'));
  expect([again.sent, again.receivedBy('a')]).toEqual([[], [failure('4', '4', 'refused', 'bad')]]);
});

test('closes the socket of a tab whose worker was stopped, so that its client connects again', () => {
  const bench = new Bench(phoenix);
  bench.up();
  expect(bench.open('a', '').closed('a')).toEqual([[1006, '', false]]);
});

test('speaks serializer 1 with clients that do, as Supabase’s', () => {
  const bench = new Bench(phoenix);
  bench.open('a');
  bench.up();
  const topic = 'realtime:public';
  const frame = { topic, event: 'phx_join', payload: { access_token: 't' }, ref: '4', join_ref: '4' };
  expect(bench.send('a', JSON.stringify(frame)).sent.map((data) => JSON.parse(String(data)) as unknown)).toEqual([
    { ...frame, ref: '1', join_ref: '1' },
  ]);
  const answer = { topic, event: 'phx_reply', payload: { status: 'ok', response: { postgres_changes: [] } }, ref: '1' };
  const outcome = bench.receive(JSON.stringify(answer));
  expect(JSON.parse(String(outcome.receivedBy('a')[0]))).toMatchObject({ ...answer, ref: '4' });
  const event = JSON.stringify({ topic, event: 'postgres_changes', payload: { ids: [1] }, ref: null });
  expect(bench.receive(event).receivedBy('a')).toEqual([event]);
  expect(JSON.parse(String(bench.dispatch({ type: 'probe' }).sent[0]))).toEqual({
    topic: 'phoenix',
    event: 'heartbeat',
    payload: {},
    ref: '2',
  });
});

const bytes = (kind: number, fields: readonly string[], rest: string, more: readonly number[] = []): ArrayBuffer => {
  const encoded = fields.map((field) => new TextEncoder().encode(field));
  const head = [kind, ...encoded.map(({ length }) => length), ...more];
  return Uint8Array.from([...head, ...encoded.flatMap((each) => [...each]), ...new TextEncoder().encode(rest)]).buffer;
};

test('gives binary frames the ids of the connection and of the tab, and nothing else changes', () => {
  const bench = twoTabs();
  const sent = bench.send('a', bytes(0, ['3', '44', 'room:1'], 'saypayload', [3])).sent;
  expect(sent).toEqual([bytes(0, ['2', '3', 'room:1'], 'saypayload', [3])]);
  const answered = bench.receive(bytes(1, ['2', '3', 'room:1'], 'okdone', [2]));
  expect(answered.receivedBy('a')).toEqual([bytes(1, ['3', '44', 'room:1'], 'okdone', [2])]);
  const all = bytes(2, ['room:1'], 'tickpayload', [4]);
  expect(bench.receive(all).receivedBy('b')).toEqual([all]);
  // A broadcast of Supabase: https://supabase.com/docs/guides/realtime/protocol
  expect(bench.send('b', bytes(3, ['3', '9', 'room:1'], 'catx', [3, 0, 0])).sent).toEqual([
    bytes(3, ['2', '4', 'room:1'], 'catx', [3, 0, 0]),
  ]);
  expect(bench.receive(bytes(2, ['ä:1'], 'tick', [4])).outputs).toHaveLength(1);
});

test.each([
  ['text', 'hello'],
  ['a binary frame', new Uint8Array([9, 9]).buffer],
])('closes the socket of a tab that sends %s of another protocol', (_, data) => {
  const bench = twoTabs();
  expect(bench.send('a', data).closed('a')).toHaveLength(1);
  expect(bench.receive(data).has('violated')).toBe(true);
});
