import { expect, test } from 'vitest';
import { broadcast } from '../../../src/core/codecs/broadcast.ts';
import { jsonPing } from '../../../src/core/codecs/json-ping.ts';
import { keeper1 } from '../../../src/core/codecs/keeper1.ts';
import { keeperVerdict, type Codec, type CodecOutput } from '../../../src/core/codecs/codec.ts';
import type { OutboxItem } from '../../../src/core/socket/outbox.ts';
import { RING_MAX_EVENTS } from '../../../src/core/codecs/topic-fanout.ts';
import type { PortFrame } from '../../../src/protocol/bridge/port-frames.ts';
import { DEFAULT_MAX_TOPIC_LENGTH } from '../../../src/protocol/frames.ts';

/* Frames as the embedded server sends them, and the outputs of the codec. */

const NOW = 1_000;
const HELLO =
  '["hello",{"session":"s","resumed":false,"heartbeatMs":10000,"windowMs":250,"maxBytes":65536,"expiresAt":61000,"now":1000}]';

const native = (): Codec => keeper1.create({ host: 'h', epoch: 7 });
const plain = (): Codec => jsonPing.create({ host: 'h', epoch: 7 });

const frame = (codec: Codec, data: string, now = NOW) => codec.dispatch({ type: 'frame', data }, now);
const sent = (outputs: readonly CodecOutput[]) =>
  outputs.flatMap((output) => (output.type === 'send' ? [output.data] : []));
const toTabs = (outputs: readonly CodecOutput[]) =>
  outputs.flatMap((output) => (output.type === 'toTab' ? [[output.tab, output.frame] as const] : []));

const greeted = (): Codec => {
  const codec = native();
  codec.dispatch({ type: 'opened' }, NOW);
  frame(codec, HELLO);
  return codec;
};

const join = (codec: Codec, tab: string, offset: number | null, epoch = 'e') =>
  codec.dispatch({ type: 'join', tab, topic: 'a', cursor: offset === null ? null : { epoch, offset } }, NOW);

const joined = (offset: number, epoch = 'e'): PortFrame => ({ type: 'joined', topic: 'a', at: { epoch, offset } });
const event = (offset: number, epoch = 'e'): PortFrame => ({
  type: 'event',
  topic: 'a',
  epoch,
  offset,
  data: offset,
  bytes: JSON.stringify(['ev', 'a', epoch, offset, offset]).length,
});
const gap = (from: number, to: number, epoch = 'e'): PortFrame => ({ type: 'gap', topic: 'a', epoch, from, to });
const ev = (codec: Codec, offset: number, epoch = 'e') =>
  frame(codec, JSON.stringify(['ev', 'a', epoch, offset, offset]));

test('sends the greeting first, and nothing else before its answer', () => {
  const codec = native();
  expect(join(codec, 't1', null)).toEqual([]);
  expect(sent(codec.dispatch({ type: 'opened' }, NOW))).toEqual(['["hi",{"host":"h","epoch":7}]']);
  expect(frame(codec, '["p",1]')).toEqual([]);
  const outputs = frame(codec, HELLO, NOW + 30);
  expect(outputs).toContainEqual({ type: 'greeted', heartbeatMs: 10_000, windowMs: 250, expiresInMs: 60_000 });
  expect(outputs).toContainEqual({ type: 'round-trip', ms: 30 });
  expect(sent(outputs)).toEqual(['["sub",1,"a",null]']);
});

test('holds publications until earlier ones are acknowledged, so that a probe does not wait behind them', () => {
  const codec = greeted();
  const item = (n: number): OutboxItem => ({ id: `id${n}`, topic: 'a', json: `"${'x'.repeat(1_000)}"`, owner: 'me' });
  const first = Array.from({ length: 200 }, (_, n) =>
    sent(codec.dispatch({ type: 'publish', item: item(n) }, NOW)),
  ).flat();
  expect(first.length).toBe(Math.floor(65_536 / String(first[0]).length));
  expect(sent(codec.dispatch({ type: 'probe' }, NOW))).toEqual(['["p",1000]']);
  const later = Array.from({ length: 200 }, (_, n) => sent(frame(codec, `["ack","id${n}",${n + 1}]`))).flat();
  expect(new Set([...first, ...later]).size, 'sends all').toBe(200);
  expect(first.length + later.length, 'sends each once').toBe(200);
});

test("answers probes, measures its own, and renews by the server's clock", () => {
  const codec = greeted();
  expect(sent(frame(codec, '["p",99]'))).toEqual(['["q",99]']);
  expect(sent(codec.dispatch({ type: 'probe' }, NOW + 5))).toEqual(['["p",1005]']);
  expect(frame(codec, '["q",1005]', NOW + 25)).toEqual([{ type: 'round-trip', ms: 20 }]);
  expect(sent(codec.dispatch({ type: 'renew', ticket: 'x' }, NOW))).toEqual(['["auth","x"]']);
  expect(frame(codec, '["authok",121000]', NOW + 20_000)).toEqual([{ type: 'renewed', expiresInMs: 100_000 }]);
  expect(frame(codec, '["drain",400]')).toEqual([{ type: 'draining', ms: 400 }]);
});

test('ignores a frame of a later version, and reports a violation for another protocol [codec-later-version]', () => {
  const codec = greeted();
  expect(frame(codec, '["snap","a",1]')).toEqual([]);
  expect(frame(codec, '{"type":"connected"}')).toEqual([{ type: 'violated' }]);
  expect(codec.dispatch({ type: 'frame', data: new ArrayBuffer(2) }, NOW)).toEqual([{ type: 'violated' }]);
});

test('drops repeated events, and reports a gap when the server skips some (invariant 10) [codec-repeats]', () => {
  const codec = greeted();
  join(codec, 't1', null);
  expect(toTabs(frame(codec, '["ok",1,"a",{"epoch":"e","offset":4},false]'))).toEqual([['t1', joined(4)]]);
  expect(toTabs(ev(codec, 5))).toEqual([['t1', event(5)]]);
  expect(ev(codec, 5)).toEqual([]);
  expect(toTabs(ev(codec, 8))).toEqual([
    ['t1', gap(6, 7)],
    ['t1', event(8)],
  ]);
});

test.each([
  ['gap before ok', ['["gap","a","e",3,9]', '["ok",1,"a",{"epoch":"e","offset":9},false]']],
  ['gap after ok', ['["ok",1,"a",{"epoch":"e","offset":9},false]', '["gap","a","e",3,9]']],
  ['gap in the stream', ['["ok",1,"a",{"epoch":"e","offset":2},true]', '["gap","a","e",3,9]']],
  ['no gap frame at all', ['["ok",1,"a",{"epoch":"e","offset":9},false]']],
])('reports a lost range once (invariant 10): %s', (_name, frames) => {
  const codec = greeted();
  expect(sent(join(codec, 't1', 2))).toEqual(['["sub",1,"a",{"epoch":"e","offset":2}]']);
  const outputs = [...frames, '["ev","a","e",10,10]'].flatMap((text) => [...frame(codec, text)]);
  const frames10 = toTabs(outputs).map(([, each]) => each);
  expect(frames10.filter(({ type }) => type === 'gap')).toEqual([gap(3, 9)]);
  expect(frames10.at(-1)).toEqual(event(10));
  expect(outputs.filter((output) => output.type === 'count' && output.what === 'lost')).toEqual([
    { type: 'count', what: 'lost', by: 7 },
  ]);
});

test('moves to the next epoch without a gap when both have the same events, and else reports one [codec-fork]', () => {
  const codec = greeted();
  join(codec, 't1', 2);
  frame(codec, '["ok",1,"a",{"epoch":"e","offset":2},true]');
  const moved = frame(codec, '["fork","a","e","next",2]');
  expect(toTabs(moved)).toEqual([['t1', { type: 'fork', topic: 'a', from: 'e', epoch: 'next', ended: 2 }]]);
  expect(toTabs(ev(codec, 3, 'next'))).toEqual([['t1', event(3, 'next')]]);
  expect(toTabs(frame(codec, '["fork","a","next","last",2]')), 'this listener is beyond it').toEqual([]);
  expect(toTabs(ev(codec, 3, 'last')).map(([, { type }]) => type)).toEqual(['gap', 'joined', 'event']);
});

test('reports a gap of unknown length and a new offset when the epoch changes (invariant 10) [codec-new-epoch]', () => {
  const codec = greeted();
  join(codec, 't1', 5, 'old');
  frame(codec, '["gap","a","e",6,0]');
  expect(toTabs(frame(codec, '["ok",1,"a",{"epoch":"e","offset":2},false]'))).toEqual([
    ['t1', gap(6, 0)],
    ['t1', joined(2)],
  ]);
  expect(toTabs(ev(codec, 1, 'new'))).toEqual([
    ['t1', gap(3, 0, 'new')],
    ['t1', joined(0, 'new')],
    ['t1', event(1, 'new')],
  ]);
});

test('reports a gap when the server lost its newest events (invariant 10)', () => {
  const codec = greeted();
  join(codec, 't1', 9);
  expect(toTabs(frame(codec, '["ok",1,"a",{"epoch":"e","offset":6},false]'))).toEqual([
    ['t1', gap(10, 0)],
    ['t1', joined(6)],
  ]);
  expect(toTabs(ev(codec, 7))).toEqual([['t1', event(7)]]);
});

test('does not send replayed history to a tab that joined without a cursor', () => {
  const codec = native();
  join(codec, 't1', 2);
  join(codec, 't2', null);
  codec.dispatch({ type: 'opened' }, NOW);
  expect(sent(frame(codec, HELLO))).toEqual(['["sub",1,"a",null]']);
  const outputs = frame(codec, '["ok",1,"a",{"epoch":"e","offset":4},false]');
  expect(toTabs(outputs)).toEqual([['t2', joined(4)]]);
  expect(sent(outputs)).toEqual(['["sub",2,"a",{"epoch":"e","offset":2}]']);
  expect(toTabs(frame(codec, '["ok",2,"a",{"epoch":"e","offset":2},true]'))).toEqual([['t1', joined(2)]]);
  expect(toTabs([...ev(codec, 3), ...ev(codec, 4), ...ev(codec, 5)])).toEqual([
    ['t1', event(3)],
    ['t1', event(4)],
    ['t1', event(5)],
    ['t2', event(5)],
  ]);
});

test('subscribes again for a new tab when its cursor is older than the ring', () => {
  const codec = greeted();
  join(codec, 't1', 0);
  frame(codec, '["ok",1,"a",{"epoch":"e","offset":0},true]');
  for (let offset = 1; offset <= RING_MAX_EVENTS + 1; offset++) ev(codec, offset);
  expect(sent(join(codec, 't2', 1))).toEqual([]);
  expect(sent(join(codec, 't3', 0))).toEqual(['["sub",2,"a",{"epoch":"e","offset":0}]']);
});

test('unsubscribes when the last tab leaves a topic, and refuses a topic name over the limit', () => {
  const codec = greeted();
  join(codec, 't1', null);
  join(codec, 't2', null);
  expect(codec.dispatch({ type: 'leave', tab: 't1', topic: 'a' }, NOW)).toEqual([]);
  expect(sent(codec.dispatch({ type: 'tab-left', tab: 't2' }, NOW))).toEqual(['["unsub","a",true]']);
  expect(codec.listeners).toBe(0);
  const long = { type: 'join', tab: 't1', topic: 'x'.repeat(DEFAULT_MAX_TOPIC_LENGTH + 1), cursor: null } as const;
  const problem = { code: 'over-limit', detail: 'topic-length', max: 128 } as const;
  expect(toTabs(codec.dispatch(long, NOW))).toEqual([['t1', { type: 'topic-refused', topic: long.topic, problem }]]);
});

test('subscribes without old cursors when another user signs in [codec-other-person]', () => {
  const codec = greeted();
  join(codec, 't1', 0);
  frame(codec, '["ok",1,"a",{"epoch":"e","offset":0},true]');
  ev(codec, 1);
  codec.dispatch({ type: 'closed', code: 1000 }, NOW);
  expect(codec.dispatch({ type: 'forget' }, NOW)).toEqual([]);
  codec.dispatch({ type: 'opened' }, NOW);
  expect(sent(frame(codec, HELLO))).toEqual(['["sub",2,"a",null]']);
});

test('sends a publication when the connection is up, and its answer to each tab', () => {
  const item: OutboxItem = { id: 'p1', topic: 'a', json: '{"x":"ä"}', owner: 'u' };
  expect(native().dispatch({ type: 'publish', item }, NOW)).toEqual([]);
  const codec = greeted();
  expect(sent(codec.dispatch({ type: 'publish', item }, NOW))).toEqual(['["pub","p1","a",{"x":"ä"}]']);
  const acked = { type: 'acked', id: 'p1', offset: 3 } as const;
  expect(frame(codec, '["ack","p1",3]')).toEqual([
    { type: 'count', what: 'sent', by: 1 },
    { type: 'settled', id: 'p1' },
    { type: 'toTab', frame: acked },
  ]);
  const problem = { code: 'bad-message', detail: 'bad-message' } as const;
  expect(frame(codec, '["nak","p1","bad-message"]')).toEqual([
    { type: 'settled', id: 'p1' },
    { type: 'toTab', frame: { type: 'refused', id: 'p1', problem } },
  ]);
});

test.each([
  [1000, '', { type: 'redial' }],
  [1006, '', { type: 'redial' }],
  [1012, '{"ra":1500}', { type: 'wait', ms: 1_500 }],
  [1012, 'restart', { type: 'redial' }],
  [1013, '{"ra":-5}', { type: 'redial' }],
  [4429, '{"ra":60000}', { type: 'wait', ms: 60_000 }],
  [4401, '', { type: 'authorize' }],
  [4403, '', { type: 'stop' }],
  [4409, '', { type: 'superseded' }],
  [4500, '{"ra":1}', { type: 'redial' }],
])('maps close code %i %s to a verdict', (code, reason, verdict) => {
  expect(keeperVerdict(code, reason)).toEqual(verdict);
});

// ---- presence

const HI = { resumed: true, heartbeatMs: 1, windowMs: 1, maxBytes: 9_999, expiresAt: 9, now: 1, session: 's' };

/** A codec whose connection can confirm the topic `a` of these tabs. */
const listening = (...tabs: readonly string[]) => {
  const codec = keeper1.create({ host: 'h', epoch: 7 });
  for (const tab of tabs) codec.dispatch({ type: 'join', tab, topic: 'a', cursor: null }, NOW);
  const up = (): readonly CodecOutput[] => {
    codec.dispatch({ type: 'opened' }, NOW);
    const asked = sent(frame(codec, JSON.stringify(['hello', HI]))).map(
      (text) => JSON.parse(String(text)) as unknown[],
    );
    const [, request] = asked.find(([kind]) => kind === 'sub') ?? [];
    return frame(codec, JSON.stringify(['ok', request, 'a', { epoch: 'e', offset: 1 }, true]));
  };
  const present = (tab: string, state: string) => codec.dispatch({ type: 'present', tab, topic: 'a', state }, NOW);
  return { codec, up, present };
};

const presenceFrames = (outputs: readonly CodecOutput[]) =>
  sent(outputs).filter((text) => String(text).startsWith('["who"'));

test('keeper.1: sends the newest presence state of the device, and sends it again on each connection', () => {
  const { codec, up, present } = listening('t1', 't2');
  expect(sent(present('t1', '{"n":1}')), 'sends nothing for an unconfirmed topic').toEqual([]);
  expect(presenceFrames(up())).toEqual(['["who","a",{"n":1}]']);
  expect(sent(present('t2', '{"n":2}'))).toEqual(['["who","a",{"n":2}]']);
  expect(sent(codec.dispatch({ type: 'tab-left', tab: 't2' }, NOW)), "falls back to the other tab's state").toEqual([
    '["who","a",{"n":1}]',
  ]);
  codec.dispatch({ type: 'closed', code: 1006 }, NOW);
  expect(presenceFrames(up())).toEqual(['["who","a",{"n":1}]']);
  expect(sent(codec.dispatch({ type: 'absent', tab: 't1', topic: 'a' }, NOW))).toEqual(['["who","a",null]']);
  codec.dispatch({ type: 'closed', code: 1006 }, NOW);
  expect(presenceFrames(up()), 'no tab is present').toEqual([]);
});

test('keeper.1: sends the members only to tabs that are present, and marks this device', () => {
  const { codec, up, present } = listening('t1', 't2');
  present('t2', 'null');
  up();
  expect(toTabs(frame(codec, '["here","a",["x","h"],["s"]]'))).toEqual([
    [
      't2',
      {
        type: 'here',
        topic: 'a',
        members: [
          { id: 'x', self: false, state: 's' },
          { id: 'h', self: true, state: null },
        ],
      },
    ],
  ]);
  expect(toTabs(frame(codec, '["here","b",["x"],[1]]')), 'a topic without a present tab').toEqual([]);
});

test('keeper.1: leaves at once when a tab closes its channel, may return when a tab goes, and forgets the state for another user', () => {
  const { codec, up, present } = listening('t1');
  up();
  present('t1', '1');
  expect(sent(codec.dispatch({ type: 'leave', tab: 't1', topic: 'a' }, NOW))).toEqual(['["unsub","a"]']);
  codec.dispatch({ type: 'join', tab: 't1', topic: 'a', cursor: null }, NOW);
  expect(sent(codec.dispatch({ type: 'tab-left', tab: 't1' }, NOW))).toEqual(['["unsub","a",true]']);
  codec.dispatch({ type: 'join', tab: 't1', topic: 'a', cursor: null }, NOW);
  present('t1', '"old state"');
  codec.dispatch({ type: 'forget' }, NOW);
  codec.dispatch({ type: 'closed', code: 1000 }, NOW);
  expect(presenceFrames(up())).toEqual([]);
});

// ---- json-ping

test('json-ping: answers pings, uses pongs for the heartbeat, and broadcasts all other frames', () => {
  const codec = plain();
  codec.dispatch({ type: 'socket-open', tab: 't1', socket: 's1', protocols: [], again: null }, NOW);
  expect(codec.dispatch({ type: 'opened' }, NOW)).toEqual([
    { type: 'greeted' },
    { type: 'toTab', tab: 't1', frame: { type: 'socket-opened', socket: 's1', protocol: '' } },
  ]);
  expect(sent(frame(codec, '{"type":"ping"}'))).toEqual(['{"type":"pong"}']);
  expect(sent(codec.dispatch({ type: 'probe' }, NOW))).toEqual(['{"type":"ping"}']);
  expect(frame(codec, '{"type":"pong"}', NOW + 12)).toEqual([{ type: 'round-trip', ms: 12 }]);
  const connected = '{"type":"connected","user":{"sub":"demo","name":"Demo"}}';
  const spread = { type: 'broadcast', to: [{ tab: 't1', socket: 's1' }], data: connected };
  expect(frame(codec, connected).filter(({ type }) => type !== 'count')).toMatchObject([spread]);
});

test('json-ping: queues up to 256 frames while the connection is down, then closes the socket', () => {
  const codec = plain();
  codec.dispatch({ type: 'socket-open', tab: 't1', socket: 's1', protocols: [], again: null }, NOW);
  codec.dispatch({ type: 'opened' }, NOW);
  codec.dispatch({ type: 'closed', code: 1006 }, NOW);
  const say = () => codec.dispatch({ type: 'socket-send', tab: 't1', socket: 's1', data: 'x' }, NOW);
  for (let i = 0; i < 256; i++) expect(say()).toEqual([]);
  expect(toTabs(say())).toEqual([
    ['t1', { type: 'socket-closed', socket: 's1', code: 1013, reason: 'over-limit', wasClean: false }],
  ]);
  expect(sent(codec.dispatch({ type: 'opened' }, NOW))).toHaveLength(256);
});

test.each([
  ['65,536 frames', { frames: 65_536, bytes: 65_536 }],
  ['16 MiB', { frames: 1, bytes: 16_777_216 }],
])('json-ping: closes the socket of the sending tab when %s are unsent', (_name, unsent) => {
  const codec = plain();
  for (const tab of ['t1', 't2'])
    codec.dispatch({ type: 'socket-open', tab, socket: 's', protocols: [], again: null }, NOW);
  codec.dispatch({ type: 'opened' }, NOW);
  const say = (tab: string, waiting: typeof unsent) =>
    codec.dispatch({ type: 'socket-send', tab, socket: 's', data: 'x', unsent: waiting }, NOW);
  expect(sent(say('t1', { frames: unsent.frames - 1, bytes: unsent.bytes - 1 }))).toEqual(['x']);
  const over = say('t1', unsent);
  expect(sent(over)).toEqual([]);
  expect(toTabs(over)).toEqual([
    ['t1', { type: 'socket-closed', socket: 's', code: 1013, reason: 'over-limit', wasClean: false }],
  ]);
  expect(codec.listeners, 'the other tab stays open').toBe(1);
  const long = codec.dispatch(
    { type: 'socket-send', tab: 't2', socket: 's', data: 'x'.repeat(16_777_217), unsent: { frames: 0, bytes: 0 } },
    NOW,
  );
  expect(sent(long), 'one long frame is for the server to limit').toHaveLength(1);
});

test('json-ping: asks for a new ticket after close code 1008', () => {
  expect(jsonPing.closed(1008, '')).toEqual({ type: 'authorize' });
  expect(jsonPing.closed(1006, '')).toEqual({ type: 'redial' });
});

// ---- broadcast

test('broadcast: sends each frame to each tab, and answers its own probe', () => {
  const codec = broadcast.create({ host: 'h', epoch: 7 });
  for (const tab of ['t1', 't2'])
    codec.dispatch({ type: 'socket-open', tab, socket: 's', protocols: [], again: tab === 't1' ? null : '' }, NOW);
  codec.dispatch({ type: 'opened' }, NOW);
  const bytes = new ArrayBuffer(2);
  for (const data of ['{"type":"ping"}', bytes]) {
    const outputs = codec.dispatch({ type: 'frame', data }, NOW);
    expect(sent(outputs)).toEqual([]);
    const to = ['t1', 't2'].map((tab) => ({ tab, socket: 's' }));
    expect(outputs.filter(({ type }) => type !== 'count')).toMatchObject([{ type: 'broadcast', to, data }]);
  }
  expect(codec.dispatch({ type: 'probe' }, NOW)).toEqual([{ type: 'alive' }]);
  expect(sent(codec.dispatch({ type: 'socket-send', tab: 't1', socket: 's', data: bytes }, NOW))).toEqual([bytes]);
});
