import type { PortFrame } from '../../protocol/bridge.ts';
import type { Clock } from '../runtime/clock.ts';

/** How often a link that takes no more is looked at. */
const LOOK_EVERY_MS = 50;

/** Tells tabs that what their shared sockets said has been taken: at once, or when no link is congested any more. */
export const createSendAcknowledgements = (
  clock: Clock,
  isCongested: () => boolean,
  tell: (tab: string, frame: PortFrame) => void,
): ((tab: string, socket: string) => void) => {
  const waiting = new Map<string, { tab: string; socket: string; count: number }>();

  const look = (): void => {
    if (isCongested()) return void clock.schedule(clock.now() + LOOK_EVERY_MS, look);
    for (const { tab, socket, count } of waiting.values()) tell(tab, { type: 'socket-taken', socket, count });
    waiting.clear();
  };

  return (tab, socket) => {
    const key = `${tab} ${socket}`;
    const isFirst = waiting.size === 0;
    waiting.set(key, { tab, socket, count: (waiting.get(key)?.count ?? 0) + 1 });
    if (isFirst) look();
  };
};
