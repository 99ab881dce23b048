import type { Frame, SocketAddress } from '../core/codec.ts';
import type { PortFrame, Run } from '../protocol/bridge.ts';
import type { Clock } from './clock.ts';

/** What comes after a quiet moment goes to the tabs at once; what follows it within so long (ms) goes together. */
export const TOGETHER_MS = 4;
/** So many leave without waiting for more: whoever reads an event after the other keeps up with a message (reader.ts). */
export const MOST_TOGETHER = 256;

/** Frames on their way to tabs, in their order. */
export type Outgoing = {
  push(tab: string, frame: PortFrame): void;
  /** One frame for many sockets: written down once, however many there are. */
  spread(to: readonly SocketAddress[], data: Frame): void;
  /** A tab that has left is told nothing any more. */
  forget(tab: string): void;
  /** What has not left yet and is the former person's. */
  hush(): void;
};

const OF_PERSON: readonly PortFrame['type'][] = ['event', 'here', 'socket-messages'];

const grow = (run: Run, data: Frame): void => {
  run.data.push(data);
  run.bytes += typeof data === 'string' ? data.length : data.byteLength;
};

/** The same list more often than not, and then as quick as can be. */
const areSame = (some: readonly SocketAddress[], others: readonly SocketAddress[]): boolean =>
  some === others ||
  (some.length === others.length &&
    some.every(({ tab, socket }, at) => others[at]?.tab === tab && others[at].socket === socket));

export const createOutgoing = (clock: Clock, deliver: (tab: string, frames: PortFrame[]) => void): Outgoing => {
  const waiting = new Map<string, PortFrame[]>();
  /** The last thing that was put down for all of these: more for the same sockets goes into it. */
  let last: { to: readonly SocketAddress[]; run: Run } | undefined;
  let togetherUntil = 0;
  let cancel = (): void => undefined;

  const flush = (): void => {
    cancel();
    if (waiting.size === 0) return;
    const batches = [...waiting];
    waiting.clear();
    last = undefined;
    togetherUntil = clock.now() + TOGETHER_MS;
    for (const [tab, frames] of batches) deliver(tab, frames);
  };

  const flushSoon = (): void => {
    if (clock.now() < togetherUntil) cancel = clock.at(togetherUntil, flush);
    else queueMicrotask(flush);
  };

  const put = (tab: string, frame: PortFrame): void => {
    if (waiting.size === 0) flushSoon();
    const frames = waiting.get(tab);
    if (!frames) return void waiting.set(tab, [frame]);
    frames.push(frame);
    if (frames.length >= MOST_TOGETHER) flush();
  };

  const spread = (to: readonly SocketAddress[], data: Frame): void => {
    if (last && areSame(last.to, to)) {
      grow(last.run, data);
      if (last.run.data.length >= MOST_TOGETHER) flush();
      return;
    }
    const run: Run = { data: [], bytes: 0 };
    grow(run, data);
    last = { to, run };
    for (const { tab, socket } of to) put(tab, { type: 'socket-messages', socket, run });
  };

  return {
    push: (tab, frame) => {
      if (frame.type === 'socket-message') return spread([{ tab, socket: frame.socket }], frame.data);
      last = undefined;
      put(tab, frame);
    },
    spread,
    forget: (tab) => void waiting.delete(tab),
    hush: () => {
      last = undefined;
      for (const [tab, frames] of waiting)
        waiting.set(
          tab,
          frames.filter(({ type }) => !OF_PERSON.includes(type)),
        );
    },
  };
};
