import { describe, expect, test } from 'vitest';
import { broadcast } from '../../../src/core/codecs/broadcast.ts';
import { relay } from '../../../src/core/codecs/broadcast-relay.ts';
import { jsonPing } from '../../../src/core/codecs/json-ping.ts';
import { OVER_LIMIT, QUEUE_MAX_FRAMES, QUEUE_MAX_SIZE } from '../../../src/core/codecs/tab-sockets.ts';
import { CLOSE_CODE } from '../../../src/protocol/frames.ts';
import { benchOf, twoTabs } from './codec-frames.ts';

/* What a relay does with each frame: it counts, queues, answers or passes it on. */

const PING = '{"type":"ping"}';
const PONG = '{"type":"pong"}';

test('counts what it sends and what it receives', () => {
  const bench = twoTabs(broadcast);
  expect(bench.send('a', 'x').outputs).toContainEqual({ type: 'count', what: 'sent', by: 1 });
  expect(bench.receive('y').outputs).toContainEqual({ type: 'count', what: 'received', by: 1 });
});

test('carries its name, its subprotocol and what its tabs share', () => {
  const options = { name: 'ticker', subprotocol: 'ticker.v1' } as const;
  expect(relay(options)).toMatchObject({ ...options, shares: 'frames' });
  expect(relay({ name: 'ticker' })).not.toHaveProperty('subprotocol');
});

describe('without a connection', () => {
  test('queues as many frames as it may, and closes the socket that sends one more', () => {
    const bench = benchOf(broadcast);
    bench.open('a');
    bench.open('b');
    const frames = Array.from({ length: QUEUE_MAX_FRAMES }, (_, n) => `${n}`);
    expect(bench.send('a', ...frames).closed('a')).toEqual([]);
    expect(bench.send('b', 'one more').closed('b')).toEqual([[CLOSE_CODE.tryLater, OVER_LIMIT, false]]);
    expect(bench.up().sent).toEqual(frames);
    expect(bench.up().sent, 'sent once').toEqual([]);
  });

  test('queues as many characters and bytes as it may, and closes the socket that sends one more', () => {
    const bench = benchOf(broadcast);
    bench.open('a');
    const half = QUEUE_MAX_SIZE / 2;
    expect(bench.send('a', 'x'.repeat(half), new ArrayBuffer(half)).closed('a')).toEqual([]);
    expect(bench.send('a', 'x').closed('a')).toEqual([[CLOSE_CODE.tryLater, OVER_LIMIT, false]]);
  });
});

describe('pings', () => {
  test('answers those of the server, and keeps them from the tabs', () => {
    const { outputs } = twoTabs(jsonPing).receive(PING);
    expect(outputs).toEqual([{ type: 'send', data: PONG }]);
  });

  test('answers those of a tab, also without a connection', () => {
    const bench = twoTabs(jsonPing);
    bench.down();
    const answer = bench.send('a', PING);
    expect([answer.sent, answer.receivedBy('a'), answer.receivedBy('b')]).toEqual([[], [PONG], []]);
    expect(bench.send('a', PONG).receivedBy('a'), 'an answer is data').toEqual([]);
    expect(bench.up().sent).toEqual([PONG]);
  });

  test('measures the time of an answer that it waits for, and of no other one', () => {
    const bench = twoTabs(jsonPing);
    expect(bench.receive(PONG).outputs).toEqual([]);
    bench.dispatch({ type: 'probe' });
    bench.now += 7;
    expect(bench.receive(PONG).outputs).toEqual([{ type: 'round-trip', ms: 7 }]);
    expect(bench.receive(PONG).outputs).toEqual([]);
    bench.dispatch({ type: 'probe' });
    bench.down();
    bench.up();
    expect(bench.receive(PONG).outputs, 'of another connection').toEqual([]);
  });

  test('passes each frame on when the configuration names no answer', () => {
    const bench = twoTabs(broadcast, { heartbeat: { send: '#ping', everyMs: 5_000 } });
    for (const data of ['#pong', '']) expect(bench.receive(data).has('broadcast'), data).toBe(true);
  });

  test('passes on a ping to which the protocol has no answer', () => {
    const bench = twoTabs(relay({ name: 'ticker', heartbeat: { ping: 'p', kindOf: () => 'ping' } }));
    expect(bench.receive('p').has('broadcast')).toBe(true);
    expect(bench.send('a', 'p').sent).toEqual(['p']);
  });

  test('passes on what is not the answer of the configuration', () => {
    const bench = twoTabs(broadcast, { heartbeat: { send: '#ping', expect: '#pong', everyMs: 5_000 } });
    expect(bench.receive('#pong').has('broadcast')).toBe(false);
    expect(bench.receive('news').has('broadcast')).toBe(true);
  });
});

describe('a stream with positions', () => {
  const ticker = relay({ name: 'ticker', resume: () => ({ received: () => undefined, request: () => ['go on'] }) });

  test('requests what is missing after a lost connection only', () => {
    const bench = benchOf(ticker);
    bench.open('a');
    bench.down();
    expect(bench.up().sent, 'the first connection').toEqual([]);
    bench.down();
    bench.down();
    expect(bench.up().sent, 'after a lost one').toEqual(['go on']);
    bench.down();
    bench.dispatch({ type: 'ended', code: 4401, reason: 'signed-out' });
    expect(bench.up().sent, 'after the end of the stream').toEqual([]);
  });
});

describe('a close that blames a message', () => {
  test('closes the socket of the only sender, with the code of the server', () => {
    const bench = twoTabs(broadcast);
    bench.send('a', 'bad');
    const down = bench.down(CLOSE_CODE.tooBig);
    expect([down.closed('a'), down.closed('b')]).toEqual([[[CLOSE_CODE.tooBig, '', true]], []]);
  });

  test('closes none when this side closed', () => {
    const bench = twoTabs(broadcast);
    bench.send('a', 'bad');
    expect(bench.dispatch({ type: 'closed', code: CLOSE_CODE.tooBig, local: true }).closed('a')).toEqual([]);
  });

  test('closes none when the socket of the sender is gone, or is another one', () => {
    const bench = twoTabs(broadcast);
    bench.send('a', 'bad');
    bench.close('a');
    bench.open('a');
    expect(bench.down(CLOSE_CODE.tooBig).closed('a')).toEqual([]);
    bench.up();
    bench.send('a', 'bad');
    bench.open('a');
    expect(bench.down(CLOSE_CODE.tooBig).closed('a'), 'replaced without a close').toEqual([]);
  });

  test('blames the other sender when the first one has left', () => {
    const bench = twoTabs(broadcast);
    bench.send('a', 'a long frame');
    bench.send('b', 'short');
    bench.close('a');
    expect(bench.down(CLOSE_CODE.tooBig).closed('b')).toEqual([[CLOSE_CODE.tooBig, '', true]]);
  });
});

test('counts the silence from the first frame that a tab sent without an answer', () => {
  const bench = twoTabs(broadcast);
  bench.send('a', 'hello?');
  bench.now += 1_999;
  bench.send('a', 'hello??');
  bench.now += 1;
  bench.close('a');
  const { outputs } = bench.open('a');
  expect(outputs).toEqual([{ type: 'redial', why: 'a tab opened its socket again in silence' }]);
});
