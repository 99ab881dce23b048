import { historyCount } from '../../support/history-count.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CodecKind, CodecOutput } from '../../../src/core/codecs/codec.ts';
import { socketIo } from '../../../src/core/codecs/optional.ts';
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

/** Lists are ten long at most unless they are asked to be longer. */
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
  ['that remembers', true],
  ['without connection state recovery', false],
])(
  'with a server %s, what a tab hears over one connection follows on itself, and everything heals',
  (_name, recovers) => {
    const { counterexample } = search(socketIo, { recovers });
    expect(
      counterexample?.[0] && [counterexample[0], failuresOf(socketIo, counterexample[0], { recovers })],
    ).toBeUndefined();
  },
);

test('with a server that remembers, neither a cut nor a death of the worker closes a tab that has heard something', () => {
  const world = new World(socketIo);
  const open: readonly Op[] = [{ op: 'open', tab: 1 }, { op: 'open', tab: 2 }, { op: 'heal' }];
  world.run([...open, { op: 'emit' }, { op: 'heal' }, { op: 'cut' }, { op: 'emit' }, { op: 'heal' }, { op: 'kill' }]);
  expect([world.failures, world.closes]).toEqual([[], 0]);
});

// ---- each of these is found

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
  output.type === 'toTab' && output.frame.type === 'socket-memo' && !/"heard":[01]\b/.test(output.frame.memo);
/** The second event for one tab of those that come together. */
const isSecond = (output: CodecOutput, all: readonly CodecOutput[]): boolean =>
  isEvent(output) && all.filter(isEvent).indexOf(output) % 2 === 1;
const fromTheFirst = (output: CodecOutput): CodecOutput =>
  output.type === 'send' && typeof output.data === 'string'
    ? { ...output, data: output.data.replace(/"offset":"o\d+"/, '"offset":"o1"') }
    : output;

test.each<[string, CodecKind]>([
  ['hides that it could not recover', withOutputs((output) => (isFrame(output, 'socket-closed') ? [] : [output]))],
  ['tells an event twice', withOutputs((output) => (isEvent(output) ? [output, output] : [output]))],
  ['passes over every second tab', withOutputs((output, all) => (isSecond(output, all) ? [] : [output]))],
  ['has tabs remember the first event only', withOutputs((output) => (isLateMemo(output) ? [] : [output]))],
  ['asks for more than what was missed', withOutputs((output) => [fromTheFirst(output)])],
  ['gives an answer twice', withOutputs((output) => (isAnswer(output) ? [output, output] : [output]))],
])('a codec that %s is found', (_name, kind) => {
  expect(search(kind).failed).toBe(true);
});

test('a page that does not say again what a dead worker had not taken is found', () => {
  expect(search(socketIo, { resends: false }).failed).toBe(true);
});
