import type { Frame, SocketAddress } from '../../core/codecs/codec.ts';
import type { PortFrame, SocketRun } from '../../protocol/bridge.ts';
import { sizeOf } from '../../core/codecs/tab-sockets.ts';
import type { Clock } from '../runtime/clock.ts';

/** What comes after a quiet moment goes to the tabs at once; what follows it within so long (ms) goes together. */
export const BATCH_WINDOW_MS = 4;
/**
 * In a flood longer, up to this (ms): a millisecond for each 32 messages that have just left, as thirty tabs take far
 * more for them, and each message that they need not wake for is work that they do not have.
 */
export const MAX_FLOOD_MS = 6;
const MESSAGES_A_MS = 32;
/** So many frames leave without waiting for more: whoever reads an event after the other keeps up (reader.ts). */
export const MAX_BATCH_FRAMES = 256;
/** What a socket hears leaves at so many, or at so many characters or bytes. Fewer cost thirty tabs a task each. */
export const MAX_RUN_FRAMES = 1_024;
export const MAX_RUN_BYTES = 256_000;

/** Frames on their way to tabs, in their order. */
export type TabBatcher = {
  send(tab: string, frame: PortFrame): void;
  /** One frame for many sockets: written down once, however many there are. */
  broadcast(to: readonly SocketAddress[], data: Frame): void;
  /** A tab that has left is told nothing any more. */
  dropTab(tab: string): void;
  /** What has not left yet and is the former person's. */
  dropUserFrames(): void;
};

const OF_PERSON: readonly PortFrame['type'][] = ['event', 'here', 'socket-messages'];

const grow = (run: SocketRun, data: Frame): void => {
  run.data.push(data);
  run.bytes += sizeOf(data);
};

const isFull = ({ data, bytes }: SocketRun): boolean => data.length >= MAX_RUN_FRAMES || bytes >= MAX_RUN_BYTES;

/** The same list more often than not, and then as quick as can be. */
const areSame = (some: readonly SocketAddress[], others: readonly SocketAddress[]): boolean =>
  some === others ||
  (some.length === others.length &&
    some.every(({ tab, socket }, at) => others[at]?.tab === tab && others[at].socket === socket));

export const createTabBatcher = (clock: Clock, deliver: (tab: string, frames: PortFrame[]) => void): TabBatcher => {
  const waiting = new Map<string, PortFrame[]>();
  /** The last thing that was put down for all of these: more for the same sockets goes into it. */
  let last: { to: readonly SocketAddress[]; run: SocketRun } | undefined;
  let togetherUntil = 0;
  let cancel = (): void => undefined;

  const flush = (): void => {
    cancel();
    if (waiting.size === 0) return;
    const batches = [...waiting];
    togetherUntil =
      clock.now() + BATCH_WINDOW_MS + Math.min(MAX_FLOOD_MS, Math.floor((last?.run.data.length ?? 0) / MESSAGES_A_MS));
    waiting.clear();
    last = undefined;
    for (const [tab, frames] of batches) deliver(tab, frames);
  };

  const flushSoon = (): void => {
    if (clock.now() < togetherUntil) cancel = clock.schedule(togetherUntil, flush);
    else queueMicrotask(flush);
  };

  const put = (tab: string, frame: PortFrame): void => {
    if (waiting.size === 0) flushSoon();
    const frames = waiting.get(tab);
    if (!frames) return void waiting.set(tab, [frame]);
    frames.push(frame);
    if (frames.length >= MAX_BATCH_FRAMES) flush();
  };

  const broadcast = (to: readonly SocketAddress[], data: Frame): void => {
    if (last && areSame(last.to, to)) {
      grow(last.run, data);
      return isFull(last.run) ? flush() : undefined;
    }
    const run: SocketRun = { data: [data], bytes: sizeOf(data) };
    last = { to, run };
    for (const { tab, socket } of to) put(tab, { type: 'socket-messages', socket, run });
  };

  return {
    send: (tab, frame) => {
      if (frame.type === 'socket-message') return broadcast([{ tab, socket: frame.socket }], frame.data);
      last = undefined;
      put(tab, frame);
    },
    broadcast,
    dropTab: (tab) => void waiting.delete(tab),
    dropUserFrames: () => {
      last = undefined;
      for (const [tab, frames] of waiting)
        waiting.set(
          tab,
          frames.filter(({ type }) => !OF_PERSON.includes(type)),
        );
    },
  };
};
