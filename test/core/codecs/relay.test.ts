import { expect, test } from 'vitest';
import { broadcast } from '../../../src/core/codecs/broadcast.ts';
import { relay } from '../../../src/core/codecs/broadcast-relay.ts';
import { frameVerdict } from '../../../src/core/codecs/codec.ts';
import { jsonPing } from '../../../src/core/codecs/json-ping.ts';
import { Bench, twoTabs, type Outcome } from './codec-frames.ts';

/* Streams that each tab receives: what happens to them when their connection is lost, dead or ended. */

const gaps = ({ outputs }: Outcome): string[] =>
  outputs.flatMap((output) =>
    output.type === 'toTab' && output.frame.type === 'socket-gap' ? [output.tab ?? ''] : [],
  );

test('reports a gap to each open socket when a lost connection is back [stream-gap]', () => {
  const bench = twoTabs(broadcast);
  expect(gaps(bench.down())).toEqual([]);
  bench.open('c');
  const up = bench.up();
  expect([gaps(up), up.opened('c')]).toEqual([['a', 'b'], ['']]);
  expect(gaps(bench.receive('x'))).toEqual([]);
});

test('reports a gap to a socket whose former worker died', () => {
  const bench = new Bench(broadcast);
  bench.open('a', '');
  expect(gaps(bench.up())).toEqual(['a']);
  expect(gaps(bench.open('b', ''))).toEqual(['b']);
});

test('requests what is missing, and reports no gap, when the stream has positions', () => {
  const ticker = relay({
    name: 'ticker',
    resume: () => {
      let last: string | undefined;
      return {
        received: (data) => void (last = /^(\d+) /.exec(String(data))?.[1] ?? last),
        request: () => (last === undefined ? undefined : [`from ${last}`]),
      };
    },
  });
  const bench = twoTabs(ticker);
  bench.down();
  expect(gaps(bench.up()), 'no position yet').toEqual(['a', 'b']);
  bench.receive('7 x');
  bench.down();
  bench.send('a', 'said meanwhile');
  const up = bench.up();
  expect([gaps(up), up.sent]).toEqual([[], ['from 7', 'said meanwhile']]);
});

test('opens the connection again when a tab gives up after two seconds without an answer [dead-stream]', () => {
  const bench = twoTabs(broadcast);
  bench.send('a', 'hello?');
  bench.now += 1_999;
  bench.close('a');
  expect(bench.open('a').has('redial'), 'too early').toBe(false);
  bench.now += 1;
  expect(bench.open('a').has('redial')).toBe(true);
  expect(bench.open('b').has('redial'), 'a tab that has sent nothing').toBe(false);
  bench.receive('an answer');
  expect(bench.open('a').has('redial')).toBe(false);
});

test('has no answer to a probe after a change of the network when it has no heartbeat', () => {
  const bench = twoTabs(broadcast);
  expect(bench.dispatch({ type: 'probe' }).outputs).toEqual([{ type: 'alive' }]);
  expect(bench.dispatch({ type: 'probe', afterChange: true }).outputs).toEqual([]);
});

test('sends the ping of the configuration, and keeps its answer from the tabs', () => {
  const heartbeat = { send: '#ping', expect: '#pong', everyMs: 5_000 };
  const bench = new Bench({ ...broadcast, create: (identity) => broadcast.create(identity, { heartbeat }) });
  bench.open('a');
  expect(bench.up().outputs).toContainEqual({ type: 'greeted', heartbeatMs: 5_000 });
  expect(bench.dispatch({ type: 'probe', afterChange: true }).sent).toEqual(['#ping']);
  const answer = bench.receive('#pong');
  expect(answer.outputs).toEqual([{ type: 'round-trip', ms: 0 }]);
  expect(bench.receive('#ping').sent, 'the server may send it too').toEqual([]);
  expect(bench.send('a', '#ping').sent, 'a tab may send it too').toEqual(['#ping']);
});

test.each([
  [1000, '', { type: 'end' }],
  [1008, '', { type: 'end' }],
  [3500, '', { type: 'end' }],
  [4000, 'kicked', { type: 'end' }],
  [4409, '', { type: 'end' }],
  [4401, '', { type: 'authorize' }],
  [4403, '', { type: 'stop' }],
  [4429, '{"ra":500}', { type: 'wait', ms: 500 }],
  [1001, '', { type: 'redial' }],
  [1006, '', { type: 'redial' }],
  [1012, '', { type: 'redial' }],
] as const)(
  'maps the close code %i %s of a server without a codec of its own to a verdict',
  (code, reason, verdict) => {
    expect(frameVerdict(code, reason)).toEqual(verdict);
    expect(broadcast.closed(code, reason)).toEqual(verdict);
    expect(jsonPing.closed(code, reason)).toEqual(code === 1008 ? { type: 'authorize' } : verdict);
  },
);

test("closes the tabs' sockets with the code of the server when it ends the stream", () => {
  const bench = twoTabs(broadcast);
  bench.down(4000);
  const ended = bench.dispatch({ type: 'ended', code: 4000, reason: 'kicked', wasClean: true });
  expect([ended.closed('a'), ended.closed('b')]).toEqual([[[4000, 'kicked', true]], [[4000, 'kicked', true]]]);
  bench.open('c');
  expect(gaps(bench.up()), 'a new stream').toEqual([]);
});
