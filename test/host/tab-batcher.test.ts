import { expect, test } from 'vitest';
import {
  createTabBatcher,
  MAX_FLOOD_MS,
  MAX_BATCH_FRAMES,
  MAX_RUN_FRAMES,
  MAX_RUN_BYTES,
  BATCH_WINDOW_MS,
} from '../../src/host/tabs/tab-batcher.ts';
import type { PortFrame } from '../../src/protocol/bridge/port-frames.ts';

const START = 1_000;

/** A batcher with a clock that only `advance` moves. `left`: the batches in order, each with its tab. */
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
  const batcher = createTabBatcher(clock, (tab, frames) => left.push([tab, structuredClone(frames)]));
  const advance = async (ms: number): Promise<void> => {
    await Promise.resolve();
    now += ms;
    const all = due;
    due = all.filter(({ at }) => at > now);
    for (const { run } of all.filter(({ at }) => at <= now)) run();
  };
  return { batcher, left, advance };
};

const ALL = [
  { tab: 't1', socket: 'a' },
  { tab: 't2', socket: 'b' },
];
const receivedBy = (left: readonly [string, readonly PortFrame[]][], tab: string): unknown[] =>
  left
    .filter(([name]) => name === tab)
    .flatMap(([, frames]) => frames)
    .flatMap<unknown>((frame) =>
      frame.type === 'socket-messages' ? frame.run.data.map((data) => [frame.socket, data]) : frame.type,
    );

test('sends a frame at once after a quiet moment, and the next ones together', async () => {
  const { batcher, left, advance } = start();
  batcher.broadcast(ALL, 'one');
  await advance(0);
  expect(left.map(([tab]) => tab)).toEqual(['t1', 't2']);
  for (const data of ['two', 'three']) batcher.broadcast(ALL, data);
  await advance(BATCH_WINDOW_MS - 1);
  expect(left).toHaveLength(2);
});

test('sends the collected frames when the window is over, each under the name of its socket', async () => {
  const { batcher, left, advance } = start();
  for (const data of ['one', 'two']) batcher.broadcast(ALL, data);
  await advance(0);
  batcher.broadcast(ALL, 'three');
  batcher.broadcast([{ tab: 't2', socket: 'c' }], 'for one');
  batcher.broadcast(ALL, 'four');
  await advance(BATCH_WINDOW_MS);
  expect(left).toHaveLength(4);
  expect(receivedBy(left, 't1')).toEqual(['one', 'two', 'three', 'four'].map((data) => ['a', data]));
  expect(receivedBy(left, 't2')).toEqual([
    ['b', 'one'],
    ['b', 'two'],
    ['b', 'three'],
    ['c', 'for one'],
    ['b', 'four'],
  ]);
});

test('extends the window in a flood, up to a limit', async () => {
  const { batcher, left, advance } = start();
  for (let n = 0; n < 64; n += 1) batcher.broadcast(ALL, `${n}`);
  await advance(0);
  batcher.broadcast(ALL, 'after it');
  await advance(BATCH_WINDOW_MS + 1);
  expect(left).toHaveLength(2);
  await advance(1);
  expect(left).toHaveLength(4);
  for (let n = 0; n < MAX_RUN_FRAMES; n += 1) batcher.broadcast(ALL, `${n}`);
  batcher.broadcast(ALL, 'after all that');
  await advance(BATCH_WINDOW_MS + MAX_FLOOD_MS - 1);
  expect(left).toHaveLength(6);
  await advance(1);
  expect(left).toHaveLength(8);
});

test('keeps the order of socket messages and other frames', async () => {
  const { batcher, left, advance } = start();
  batcher.broadcast(ALL, 'before');
  batcher.send('t1', { type: 'socket-taken', socket: 'a', count: 1 });
  batcher.send('t1', { type: 'socket-message', socket: 'a', data: 'own' });
  batcher.send('t1', { type: 'socket-message', socket: 'a', data: new ArrayBuffer(3) });
  batcher.broadcast(ALL, 'after');
  await advance(0);
  expect(receivedBy(left, 't1')).toEqual([
    ['a', 'before'],
    'socket-taken',
    ['a', 'own'],
    ['a', new ArrayBuffer(3)],
    ['a', 'after'],
  ]);
  const runs = left.flatMap(([, frames]) => frames).filter((frame) => frame.type === 'socket-messages');
  expect(
    runs.map(({ run }) => run.bytes),
    'each run counts its own bytes',
  ).toEqual([6, 6, 5, 6, 5]);
});

test('limits the length of a batch, and delivers each message once', async () => {
  const { batcher, left, advance } = start();
  const count = 3 * MAX_RUN_FRAMES + 1;
  for (let n = 0; n < count; n += 1) batcher.broadcast(ALL, `${n}`);
  expect(left, 'full runs left at once').toHaveLength(2 * 3);
  // The next broadcast fills the batch of `t1` while the batcher still adds the frame for the other tabs.
  for (let n = 0; n < MAX_BATCH_FRAMES - 2; n += 1) batcher.send('t1', { type: 'acked', id: 'x', offset: n });
  batcher.broadcast(ALL, 'last but one');
  batcher.broadcast(ALL, 'last');
  await advance(BATCH_WINDOW_MS + MAX_FLOOD_MS);
  await advance(BATCH_WINDOW_MS);
  for (const { tab, socket } of ALL)
    expect(receivedBy(left, tab).filter((each) => each !== 'acked')).toEqual(
      [...Array.from({ length: count }, (_, n) => `${n}`), 'last but one', 'last'].map((data) => [socket, data]),
    );
  const longest = left.map(([, frames]) =>
    frames.reduce((sum, frame) => sum + (frame.type === 'socket-messages' ? frame.run.data.length : 1), 0),
  );
  expect(Math.max(...longest)).toBeLessThanOrEqual(MAX_RUN_FRAMES);
});

test('sends a run at once when it reaches the limit of bytes', () => {
  const { batcher, left } = start();
  const half = 'x'.repeat(MAX_RUN_BYTES / 2);
  batcher.broadcast(ALL, half);
  batcher.broadcast(ALL, half);
  expect(receivedBy(left, 't1')).toEqual([
    ['a', half],
    ['a', half],
  ]);
});

test('sends nothing to a tab that has left, and no data of the previous user', async () => {
  const { batcher, left, advance } = start();
  batcher.broadcast(ALL, 'secret');
  batcher.send('t1', { type: 'event', topic: 't', epoch: 'e', offset: 1, data: 'secret', bytes: 8 });
  batcher.send('t1', { type: 'socket-taken', socket: 'a', count: 1 });
  batcher.dropUserFrames();
  batcher.dropTab('t2');
  batcher.broadcast([ALL[0]!], 'public');
  await advance(0);
  expect(receivedBy(left, 't1')).toEqual(['socket-taken', ['a', 'public']]);
  expect(receivedBy(left, 't2')).toEqual([]);
});
