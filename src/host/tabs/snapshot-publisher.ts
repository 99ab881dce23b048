import type { PortFrame } from '../../protocol/bridge.ts';
import type { Snapshot } from '../../protocol/snapshot.ts';
import type { Clock } from '../runtime/clock.ts';

/** Sends the snapshot to all tabs when it has changed: states at once, counters a few times a second. */
export type SnapshotPublisher = { now(): void; soon(): void };

const COUNTERS_EVERY_MS = 250;

export const createSnapshotPublisher = (
  clock: Clock,
  take: () => Snapshot,
  send: (frame: PortFrame) => void,
): SnapshotPublisher => {
  let last = '';
  let waiting: (() => void) | undefined;
  const now = (): void => {
    waiting?.();
    waiting = undefined;
    const snapshot = take();
    const text = JSON.stringify(snapshot);
    if (text === last) return;
    last = text;
    send({ type: 'snapshot', snapshot });
  };
  return { now, soon: () => (waiting ??= clock.schedule(clock.now() + COUNTERS_EVERY_MS, now)) };
};
