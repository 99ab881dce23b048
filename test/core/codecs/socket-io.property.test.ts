import { historyCount } from '../../support/history-count.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CodecKind, CodecOutput } from '../../../src/core/codecs/codec.ts';
import { socketIo } from '../../../src/core/optional-codecs/optional-codecs.ts';
import { World, type Op } from './socket-io-world.ts';

const HISTORIES = historyCount(20_000);
const LONGEST = 60;

const tab = fc.integer({ min: 1, max: 3 });
const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ op: fc.constantFrom('emit' as const, 'heal' as const) }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constantFrom('cut' as const, 'return' as const) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('kill' as const), late: fc.integer({ min: 0, max: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('forget' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({ op: fc.constantFrom('open' as const, 'ask' as const, 'deliver' as const), tab }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('leave' as const), tab }) },
);

/** By default, fast-check makes lists of at most ten. */
const ops = fc.oneof(
  { weight: 3, arbitrary: fc.array(op) },
  { weight: 1, arbitrary: fc.array(op, { maxLength: LONGEST, size: 'max' }) },
);

const failuresOf = (kind: CodecKind, ops: readonly Op[], page = {}): readonly string[] => {
  const world = new World(kind, page);
  world.run(ops);
  return world.failures;
};

const search = (kind: CodecKind, page = {}) =>
  fc.check(
    fc.property(ops, (history) => failuresOf(kind, history, page).length === 0),
    { numRuns: HISTORIES, seed: 7, endOnFailure: true },
  );

test.each([
  ['with connection state recovery', true],
  ['without connection state recovery', false],
])('delivers each event of a connection once and in order, and recovers, when the server is %s', (_name, recovers) => {
  const { counterexample } = search(socketIo, { recovers });
  expect(
    counterexample?.[0] && [counterexample[0], failuresOf(socketIo, counterexample[0], { recovers })],
  ).toBeUndefined();
});

test("keeps the tabs' sockets open after a lost connection and a dead worker when the server has recovery", () => {
  const world = new World(socketIo);
  const open: readonly Op[] = [{ op: 'open', tab: 1 }, { op: 'open', tab: 2 }, { op: 'heal' }];
  world.run([...open, { op: 'emit' }, { op: 'heal' }, { op: 'cut' }, { op: 'emit' }, { op: 'heal' }, { op: 'kill' }]);
  expect([world.failures, world.closes]).toEqual([[], 0]);
});

// ---- the search detects each of these mistakes

const withOutputs = (
  change: (output: CodecOutput, outputs: readonly CodecOutput[]) => readonly CodecOutput[],
): CodecKind => ({
  ...socketIo,
  create: (identity) => {
    const codec = socketIo.create(identity);
    return {
      dispatch: (event, now) => {
        const outputs = codec.dispatch(event, now);
        return outputs.flatMap((output) => change(output, outputs));
      },
      get listeners() {
        return codec.listeners;
      },
    };
  },
});
const isFrame = (output: CodecOutput, type: string): boolean => output.type === 'toTab' && output.frame.type === type;
const isEvent = (output: CodecOutput): boolean =>
  output.type === 'toTab' && output.frame.type === 'socket-message' && String(output.frame.data).startsWith('42');

const isAnswer = (output: CodecOutput): boolean =>
  output.type === 'toTab' && output.frame.type === 'socket-message' && String(output.frame.data).startsWith('43');
const isLateMemo = (output: CodecOutput): boolean =>
  output.type === 'toTab' && output.frame.type === 'socket-memo' && !/"received":[01]\b/.test(output.frame.memo);
/** Each second event of one turn. */
const isSecond = (output: CodecOutput, all: readonly CodecOutput[]): boolean =>
  isEvent(output) && all.filter(isEvent).indexOf(output) % 2 === 1;
const fromTheFirst = (output: CodecOutput): CodecOutput =>
  output.type === 'send' && typeof output.data === 'string'
    ? { ...output, data: output.data.replace(/"offset":"o\d+"/, '"offset":"o1"') }
    : output;

test.each<[string, CodecKind]>([
  ['hides a failed recovery', withOutputs((output) => (isFrame(output, 'socket-closed') ? [] : [output]))],
  ['delivers an event twice', withOutputs((output) => (isEvent(output) ? [output, output] : [output]))],
  ['skips each second tab', withOutputs((output, all) => (isSecond(output, all) ? [] : [output]))],
  ['keeps the memo of the first event only', withOutputs((output) => (isLateMemo(output) ? [] : [output]))],
  ['resumes at the first event', withOutputs((output) => [fromTheFirst(output)])],
  ['delivers an answer twice', withOutputs((output) => (isAnswer(output) ? [output, output] : [output]))],
])('detects a codec that %s', (_name, kind) => {
  expect(search(kind).failed).toBe(true);
});

test('detects a page that does not repeat unacknowledged frames', () => {
  expect(search(socketIo, { resends: false }).failed).toBe(true);
});
