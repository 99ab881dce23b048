import type { Frame, SocketAddress } from '../../core/codecs/codec.ts';
import type { PortFrame } from '../../protocol/bridge/port-frames.ts';
import { frameSize } from '../../core/codecs/tab-sockets.ts';
import type { Clock } from '../runtime/clock.ts';

/*
 * Collects frames on their way to tabs. Each port message wakes a tab and costs it a task, so few large messages are far
 * cheaper for thirty tabs than many small ones. `npm run bench:tabs` measures it.
 */

/** After a quiet moment a frame leaves at once. Frames that follow within this time (ms) leave together. */
export const BATCH_WINDOW_MS = 4;
/** In a flood the window is longer by 1 ms for each 32 messages of the last batch, up to this (ms). */
export const MAX_FLOOD_MS = 6;
const MESSAGES_PER_FLOOD_MS = 32;
/** A batch of this many frames leaves at once, so that a page that reads one event after the other keeps up. */
export const MAX_BATCH_FRAMES = 256;
/** A run of socket messages leaves at this many frames, or at this many characters or bytes. */
export const MAX_RUN_FRAMES = 1_024;
export const MAX_RUN_BYTES = 256_000;

export type TabBatcher = {
  /** Keeps the order of the frames of each tab. */
  send(tab: string, frame: PortFrame): void;
  /** Sends one frame to many sockets. The batcher stores it once. */
  broadcast(to: readonly SocketAddress[], data: Frame): void;
  dropTab(tab: string): void;
  /** Drops the waiting frames that carry data of the user, who has left. */
  dropUserFrames(): void;
};

const USER_FRAMES: readonly PortFrame['type'][] = ['event', 'here', 'socket-messages'];

/** The data that one socket receives in one frame, while it still grows. `bytes` is its size on the network. */
type GrowingRun = { data: Frame[]; bytes: number };

const append = (run: GrowingRun, data: Frame): void => {
  run.data.push(data);
  run.bytes += frameSize(data);
};

const isFull = ({ data, bytes }: GrowingRun): boolean => data.length >= MAX_RUN_FRAMES || bytes >= MAX_RUN_BYTES;

/** Codecs pass the same list while it does not change, so the first comparison mostly decides. */
const areSame = (some: readonly SocketAddress[], others: readonly SocketAddress[]): boolean =>
  some === others ||
  (some.length === others.length &&
    some.every(({ tab, socket }, index) => others[index]?.tab === tab && others[index].socket === socket));

export const createTabBatcher = (clock: Clock, deliver: (tab: string, frames: PortFrame[]) => void): TabBatcher => {
  const waiting = new Map<string, PortFrame[]>();
  /** The last run, if no other frame came after it. More data for the same sockets goes into it. */
  let last: { to: readonly SocketAddress[]; run: GrowingRun } | undefined;
  let windowEndsAt = 0;
  let cancel = (): void => undefined;

  const flush = (): void => {
    cancel();
    if (waiting.size === 0) return;
    const batches = [...waiting];
    const floodMs = Math.floor((last?.run.data.length ?? 0) / MESSAGES_PER_FLOOD_MS);
    windowEndsAt = clock.now() + BATCH_WINDOW_MS + Math.min(MAX_FLOOD_MS, floodMs);
    waiting.clear();
    last = undefined;
    for (const [tab, frames] of batches) deliver(tab, frames);
  };

  const scheduleFlush = (): void => {
    if (clock.now() < windowEndsAt) cancel = clock.schedule(windowEndsAt, flush);
    else queueMicrotask(flush);
  };

  const add = (tab: string, frame: PortFrame): void => {
    if (waiting.size === 0) scheduleFlush();
    const frames = waiting.get(tab);
    if (!frames) return void waiting.set(tab, [frame]);
    frames.push(frame);
    if (frames.length >= MAX_BATCH_FRAMES) flush();
  };

  const broadcast = (to: readonly SocketAddress[], data: Frame): void => {
    if (last && areSame(last.to, to)) {
      append(last.run, data);
      return isFull(last.run) ? flush() : undefined;
    }
    const run: GrowingRun = { data: [data], bytes: frameSize(data) };
    last = { to, run };
    for (const { tab, socket } of to) add(tab, { type: 'socket-messages', socket, run });
  };

  return {
    send: (tab, frame) => {
      if (frame.type === 'socket-message') return broadcast([{ tab, socket: frame.socket }], frame.data);
      last = undefined;
      add(tab, frame);
    },
    broadcast,
    dropTab: (tab) => void waiting.delete(tab),
    dropUserFrames: () => {
      last = undefined;
      for (const [tab, frames] of waiting)
        waiting.set(
          tab,
          frames.filter(({ type }) => !USER_FRAMES.includes(type)),
        );
    },
  };
};
