import type { PortFrame } from '../protocol/bridge.ts';
import type { Clock } from './clock.ts';

/** What comes after a quiet moment goes to the tabs at once; what follows it within so long (ms) goes together. */
export const TOGETHER_MS = 4;

/** Frames on their way to tabs, in their order. */
export type Outgoing = {
  push(tab: string, frame: PortFrame): void;
  /** A tab that has left is told nothing any more. */
  forget(tab: string): void;
  /** What has not left yet and is the former person's. */
  hush(): void;
};

const isOfPerson = ({ type }: PortFrame): boolean => type === 'event' || type === 'here' || type === 'socket-message';

export const createOutgoing = (clock: Clock, deliver: (tab: string, frames: PortFrame[]) => void): Outgoing => {
  const waiting = new Map<string, PortFrame[]>();
  let togetherUntil = 0;

  const flush = (): void => {
    const batches = [...waiting];
    waiting.clear();
    togetherUntil = clock.now() + TOGETHER_MS;
    for (const [tab, frames] of batches) deliver(tab, frames);
  };

  const flushSoon = (): void => {
    if (clock.now() < togetherUntil) clock.at(togetherUntil, flush);
    else queueMicrotask(flush);
  };

  return {
    push: (tab, frame) => {
      if (waiting.size === 0) flushSoon();
      const frames = waiting.get(tab);
      if (frames) frames.push(frame);
      else waiting.set(tab, [frame]);
    },
    forget: (tab) => void waiting.delete(tab),
    hush: () => {
      for (const [tab, frames] of waiting)
        waiting.set(
          tab,
          frames.filter((frame) => !isOfPerson(frame)),
        );
    },
  };
};
