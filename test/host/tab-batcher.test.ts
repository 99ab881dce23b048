import { expect, test } from 'vitest';
import {
  createTabBatcher,
  MAX_FLOOD_MS,
  MAX_BATCH_FRAMES,
  MAX_RUN_FRAMES,
  MAX_RUN_BYTES,
  BATCH_WINDOW_MS,
} from '../../src/host/tabs/tab-batcher.ts';
import type { PortFrame } from '../../src/protocol/bridge.ts';

const START = 1_000;

/** A clock that stands still until it is told to go on, and what left for which tab, in order. */
const start = () => {
  let now = START;
  let due: { at: number; run: () => void }[] = [];
  const clock = {
    now: () => now,
    schedule: (at: number, run: () => void) => {
      const timer = { at, run };
      due.push(timer);
      return () => {
        due = due.filter((each) => each !== timer);
      };
    },
  };
  const left: [tab: string, frames: PortFrame[]][] = [];
  const outgoing = createTabBatcher(clock, (tab, frames) => left.push([tab, structuredClone(frames)]));
  const goOn = async (ms: number): Promise<void> => {
    await Promise.resolve();
    now += ms;
    const all = due;
    due = all.filter(({ at }) => at > now);
    for (const { run } of all.filter(({ at }) => at <= now)) run();
  };
  return { outgoing, left, goOn };
};

const ALL = [
  { tab: 't1', socket: 'a' },
  { tab: 't2', socket: 'b' },
];
const heard = (left: readonly [string, readonly PortFrame[]][], tab: string): unknown[] =>
  left
    .filter(([name]) => name === tab)
    .flatMap(([, frames]) => frames)
    .flatMap<unknown>((frame) =>
      frame.type === 'socket-messages' ? frame.run.data.map((data) => [frame.socket, data]) : frame.type,
    );

test('what comes after a quiet moment leaves at once, what follows it leaves together', async () => {
  const { outgoing, left, goOn } = start();
  outgoing.broadcast(ALL, 'one');
  await goOn(0);
  expect(left.map(([tab]) => tab)).toEqual(['t1', 't2']);
  for (const data of ['two', 'three']) outgoing.broadcast(ALL, data);
  await goOn(BATCH_WINDOW_MS - 1);
  expect(left).toHaveLength(2);
});

test('what follows leaves when the moment is over, each socket with its own name', async () => {
  const { outgoing, left, goOn } = start();
  for (const data of ['one', 'two']) outgoing.broadcast(ALL, data);
  await goOn(0);
  outgoing.broadcast(ALL, 'three');
  outgoing.broadcast([{ tab: 't2', socket: 'c' }], 'for one');
  outgoing.broadcast(ALL, 'four');
  await goOn(BATCH_WINDOW_MS);
  expect(left).toHaveLength(4);
  expect(heard(left, 't1')).toEqual(['one', 'two', 'three', 'four'].map((data) => ['a', data]));
  expect(heard(left, 't2')).toEqual([
    ['b', 'one'],
    ['b', 'two'],
    ['b', 'three'],
    ['c', 'for one'],
    ['b', 'four'],
  ]);
});

test('in a flood more goes together: the moment is the longer the more has left', async () => {
  const { outgoing, left, goOn } = start();
  for (let n = 0; n < 64; n += 1) outgoing.broadcast(ALL, `${n}`);
  await goOn(0);
  outgoing.broadcast(ALL, 'after it');
  await goOn(BATCH_WINDOW_MS + 1);
  expect(left).toHaveLength(2);
  await goOn(1);
  expect(left).toHaveLength(4);
  for (let n = 0; n < MAX_RUN_FRAMES; n += 1) outgoing.broadcast(ALL, `${n}`);
  outgoing.broadcast(ALL, 'after all that');
  await goOn(BATCH_WINDOW_MS + MAX_FLOOD_MS - 1);
  expect(left).toHaveLength(6);
  await goOn(1);
  expect(left).toHaveLength(8);
});

test('other news keeps its place among what sockets hear', async () => {
  const { outgoing, left, goOn } = start();
  outgoing.broadcast(ALL, 'before');
  outgoing.send('t1', { type: 'socket-taken', socket: 'a', count: 1 });
  outgoing.send('t1', { type: 'socket-message', socket: 'a', data: 'own' });
  outgoing.send('t1', { type: 'socket-message', socket: 'a', data: new ArrayBuffer(3) });
  outgoing.broadcast(ALL, 'after');
  await goOn(0);
  expect(heard(left, 't1')).toEqual([
    ['a', 'before'],
    'socket-taken',
    ['a', 'own'],
    ['a', new ArrayBuffer(3)],
    ['a', 'after'],
  ]);
  const runs = left.flatMap(([, frames]) => frames).filter((frame) => frame.type === 'socket-messages');
  expect(
    runs.map(({ run }) => run.bytes),
    'weighed with what went together',
  ).toEqual([6, 6, 5, 6, 5]);
});

test('no message grows without end, and nothing of what is in it is lost or told twice', async () => {
  const { outgoing, left, goOn } = start();
  const count = 3 * MAX_RUN_FRAMES + 1;
  for (let n = 0; n < count; n += 1) outgoing.broadcast(ALL, `${n}`);
  expect(left, 'full ones have left by themselves').toHaveLength(2 * 3);
  // one that is full leaves while a frame is put down for tab after tab
  for (let n = 0; n < MAX_BATCH_FRAMES - 2; n += 1) outgoing.send('t1', { type: 'acked', id: 'x', offset: n });
  outgoing.broadcast(ALL, 'last but one');
  outgoing.broadcast(ALL, 'last');
  await goOn(BATCH_WINDOW_MS + MAX_FLOOD_MS);
  await goOn(BATCH_WINDOW_MS);
  for (const { tab, socket } of ALL)
    expect(heard(left, tab).filter((each) => each !== 'acked')).toEqual(
      [...Array.from({ length: count }, (_, n) => `${n}`), 'last but one', 'last'].map((data) => [socket, data]),
    );
  const longest = left.map(([, frames]) =>
    frames.reduce((sum, frame) => sum + (frame.type === 'socket-messages' ? frame.run.data.length : 1), 0),
  );
  expect(Math.max(...longest)).toBeLessThanOrEqual(MAX_RUN_FRAMES);
});

test('nor does one of long frames: it leaves as soon as it is heavy', () => {
  const { outgoing, left } = start();
  const half = 'x'.repeat(MAX_RUN_BYTES / 2);
  outgoing.broadcast(ALL, half);
  outgoing.broadcast(ALL, half);
  expect(heard(left, 't1')).toEqual([
    ['a', half],
    ['a', half],
  ]);
});

test('nothing leaves for a tab that has left, nor what was the former person’s', async () => {
  const { outgoing, left, goOn } = start();
  outgoing.broadcast(ALL, 'secret');
  outgoing.send('t1', { type: 'event', topic: 't', epoch: 'e', offset: 1, data: 'secret', bytes: 8 });
  outgoing.send('t1', { type: 'socket-taken', socket: 'a', count: 1 });
  outgoing.dropUserFrames();
  outgoing.dropTab('t2');
  outgoing.broadcast([ALL[0]!], 'public');
  await goOn(0);
  expect(heard(left, 't1')).toEqual(['socket-taken', ['a', 'public']]);
  expect(heard(left, 't2')).toEqual([]);
});
