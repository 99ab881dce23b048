import { expect, test } from 'vitest';
import { broadcast } from '../../../src/core/codecs/broadcast.ts';
import { jsonPing } from '../../../src/core/codecs/json-ping.ts';
import { keeper1 } from '../../../src/core/codecs/keeper1.ts';
import { keeperVerdict, type Codec, type CodecOutput } from '../../../src/core/codecs/codec.ts';
import type { OutboxItem } from '../../../src/core/socket/outbox.ts';
import { RING_MAX_EVENTS } from '../../../src/core/codecs/topic-fanout.ts';
import type { PortFrame } from '../../../src/protocol/bridge/port-frames.ts';
import { MAX_TOPIC_LENGTH } from '../../../src/protocol/frames.ts';

/* Frames as the embedded server sends them, and what the codec makes of them. */

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

test('greets first, and says nothing else before the greeting is answered', () => {
  const codec = native();
  expect(join(codec, 't1', null)).toEqual([]);
  expect(sent(codec.dispatch({ type: 'opened' }, NOW))).toEqual(['["hi",{"host":"h","epoch":7}]']);
  expect(frame(codec, '["p",1]')).toEqual([]);
  const outputs = frame(codec, HELLO, NOW + 30);
  expect(outputs).toContainEqual({ type: 'greeted', heartbeatMs: 10_000, windowMs: 250, expiresInMs: 60_000 });
  expect(outputs).toContainEqual({ type: 'round-trip', ms: 30 });
  expect(sent(outputs)).toEqual(['["sub",1,"a",null]']);
});

test('publications wait for answers in here, so that a probe and a renewal do not wait behind them', () => {
  const codec = greeted();
  const item = (n: number): OutboxItem => ({ id: `id${n}`, topic: 'a', json: `"${'x'.repeat(1_000)}"`, owner: 'me' });
  const first = Array.from({ length: 200 }, (_, n) =>
    sent(codec.dispatch({ type: 'publish', item: item(n) }, NOW)),
  ).flat();
  expect(first.length).toBe(Math.floor(65_536 / String(first[0]).length));
  expect(sent(codec.dispatch({ type: 'probe' }, NOW))).toEqual(['["p",1000]']);
  const later = Array.from({ length: 200 }, (_, n) => sent(frame(codec, `["ack","id${n}",${n + 1}]`))).flat();
  expect(new Set([...first, ...later]).size, 'all of them go').toBe(200);
  expect(first.length + later.length, 'each once').toBe(200);
});

test('answers a probe, measures its own, renews by the clock of the server', () => {
  const codec = greeted();
  expect(sent(frame(codec, '["p",99]'))).toEqual(['["q",99]']);
  expect(sent(codec.dispatch({ type: 'probe' }, NOW + 5))).toEqual(['["p",1005]']);
  expect(frame(codec, '["q",1005]', NOW + 25)).toEqual([{ type: 'round-trip', ms: 20 }]);
  expect(sent(codec.dispatch({ type: 'renew', ticket: 'x' }, NOW))).toEqual(['["auth","x"]']);
  expect(frame(codec, '["authok",121000]', NOW + 20_000)).toEqual([{ type: 'renewed', expiresInMs: 100_000 }]);
  expect(frame(codec, '["drain",400]')).toEqual([{ type: 'draining', ms: 400 }]);
});

test('a frame of a later version is ignored, one of another protocol is a violation [codec-later-version]', () => {
  const codec = greeted();
  expect(frame(codec, '["snap","a",1]')).toEqual([]);
  expect(frame(codec, '{"type":"connected"}')).toEqual([{ type: 'violated' }]);
  expect(codec.dispatch({ type: 'frame', data: new ArrayBuffer(2) }, NOW)).toEqual([{ type: 'violated' }]);
});

test('10: what the server repeats is not heard twice, what it skips is told [codec-repeats]', () => {
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
])('10: a lost range is told once, whatever the order: %s', (_name, frames) => {
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

test('10: another epoch, before or in the middle, is a gap of unknown length and a new place [codec-new-epoch]', () => {
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

test('10: a server that lost its tail without saying so is found out', () => {
  const codec = greeted();
  join(codec, 't1', 9);
  expect(toTabs(frame(codec, '["ok",1,"a",{"epoch":"e","offset":6},false]'))).toEqual([
    ['t1', gap(10, 0)],
    ['t1', joined(6)],
  ]);
  expect(toTabs(ev(codec, 7))).toEqual([['t1', event(7)]]);
});

test('a newcomer "from now on" does not hear the history that another one is catching up with', () => {
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

test('the ring is bounded: beyond it the server is asked again', () => {
  const codec = greeted();
  join(codec, 't1', 0);
  frame(codec, '["ok",1,"a",{"epoch":"e","offset":0},true]');
  for (let offset = 1; offset <= RING_MAX_EVENTS + 1; offset++) ev(codec, offset);
  expect(sent(join(codec, 't2', 1))).toEqual([]);
  expect(sent(join(codec, 't3', 0))).toEqual(['["sub",2,"a",{"epoch":"e","offset":0}]']);
});

test('a topic that nobody listens to any more is left, and one that the server would not take is not asked for', () => {
  const codec = greeted();
  join(codec, 't1', null);
  join(codec, 't2', null);
  expect(codec.dispatch({ type: 'leave', tab: 't1', topic: 'a' }, NOW)).toEqual([]);
  expect(sent(codec.dispatch({ type: 'tab-left', tab: 't2' }, NOW))).toEqual(['["unsub","a",true]']);
  expect(codec.listeners).toBe(0);
  const long = { type: 'join', tab: 't1', topic: 'x'.repeat(MAX_TOPIC_LENGTH + 1), cursor: null } as const;
  expect(codec.dispatch(long, NOW)).toEqual([{ type: 'ignored', what: 'topic over limit' }]);
});

test("another person's session starts every tab anew and says nothing of what was [codec-other-person]", () => {
  const codec = greeted();
  join(codec, 't1', 0);
  frame(codec, '["ok",1,"a",{"epoch":"e","offset":0},true]');
  ev(codec, 1);
  codec.dispatch({ type: 'closed', code: 1000 }, NOW);
  expect(codec.dispatch({ type: 'forget' }, NOW)).toEqual([]);
  codec.dispatch({ type: 'opened' }, NOW);
  expect(sent(frame(codec, HELLO))).toEqual(['["sub",2,"a",null]']);
});

test('a publication goes out when the link is up, and its answer goes to every tab', () => {
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
])('close %i %s', (code, reason, verdict) => {
  expect(keeperVerdict(code, reason)).toEqual(verdict);
});

// ---- who is here

const HI = { resumed: true, heartbeatMs: 1, windowMs: 1, maxBytes: 9_999, expiresAt: 9, now: 1, session: 's' };

/** A codec on a link that has confirmed the topic `a` of these tabs. */
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

const whos = (outputs: readonly CodecOutput[]) => sent(outputs).filter((text) => String(text).startsWith('["who"'));

test('keeper.1: a device says what its tab said last, and says it again on every link', () => {
  const { codec, up, present } = listening('t1', 't2');
  expect(sent(present('t1', '{"n":1}')), 'nothing is said of a topic that no link has confirmed').toEqual([]);
  expect(whos(up())).toEqual(['["who","a",{"n":1}]']);
  expect(sent(present('t2', '{"n":2}'))).toEqual(['["who","a",{"n":2}]']);
  expect(sent(codec.dispatch({ type: 'tab-left', tab: 't2' }, NOW)), 'the other tab speaks for it').toEqual([
    '["who","a",{"n":1}]',
  ]);
  codec.dispatch({ type: 'closed', code: 1006 }, NOW);
  expect(whos(up())).toEqual(['["who","a",{"n":1}]']);
  expect(sent(codec.dispatch({ type: 'absent', tab: 't1', topic: 'a' }, NOW))).toEqual(['["who","a",null]']);
  codec.dispatch({ type: 'closed', code: 1006 }, NOW);
  expect(whos(up()), 'nobody asks any more').toEqual([]);
});

test('keeper.1: who is here is told to the tabs that asked, and which of them is this device', () => {
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
  expect(toTabs(frame(codec, '["here","b",["x"],[1]]')), 'of a topic that nobody asked about').toEqual([]);
});

test('keeper.1: a tab that closes its channel has left, one that goes may be back; the next person is nobody who was here', () => {
  const { codec, up, present } = listening('t1');
  up();
  present('t1', '1');
  expect(sent(codec.dispatch({ type: 'leave', tab: 't1', topic: 'a' }, NOW))).toEqual(['["unsub","a"]']);
  codec.dispatch({ type: 'join', tab: 't1', topic: 'a', cursor: null }, NOW);
  expect(sent(codec.dispatch({ type: 'tab-left', tab: 't1' }, NOW))).toEqual(['["unsub","a",true]']);
  codec.dispatch({ type: 'join', tab: 't1', topic: 'a', cursor: null }, NOW);
  present('t1', '"somebody"');
  codec.dispatch({ type: 'forget' }, NOW);
  codec.dispatch({ type: 'closed', code: 1000 }, NOW);
  expect(whos(up())).toEqual([]);
});

// ---- json-ping

test('json-ping: pings of the server are answered, pongs are for the heartbeat, everything else is for every tab', () => {
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

test('json-ping: what is said while the link is down waits, and not without bounds', () => {
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
])('json-ping: a link that is up and takes nothing is given no more than %s', (_name, unsent) => {
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
  expect(codec.listeners, 'whoever says nothing keeps theirs').toBe(1);
  const long = codec.dispatch(
    { type: 'socket-send', tab: 't2', socket: 's', data: 'x'.repeat(16_777_217), unsent: { frames: 0, bytes: 0 } },
    NOW,
  );
  expect(sent(long), 'how long one frame may be is for the server to say').toHaveLength(1);
});

test('json-ping: 1008 is a plain server\'s "not you"', () => {
  expect(jsonPing.closed(1008, '')).toEqual({ type: 'authorize' });
  expect(jsonPing.closed(1006, '')).toEqual({ type: 'redial' });
});

// ---- broadcast

test('broadcast: any frame is for every tab, words of a heartbeat too; nothing can be asked, so a probe is answered', () => {
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
