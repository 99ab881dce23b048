import type { PortFrame } from '../../protocol/bridge/port-frames.ts';
import type { Clock } from '../runtime/clock.ts';

/** How often to look whether the connections are still congested. */
const POLL_INTERVAL_MS = 50;

/**
 * Acknowledges frames that tabs sent on shared sockets: at once, or when no connection is congested any more. A tab
 * counts frames without an acknowledgement in its `bufferedAmount`.
 */
export const createSendAcknowledgements = (
  clock: Clock,
  isCongested: () => boolean,
  sendToTab: (tab: string, frame: PortFrame) => void,
): ((tab: string, socket: string) => void) => {
  const waiting = new Map<string, { tab: string; socket: string; count: number }>();

  const poll = (): void => {
    if (isCongested()) return void clock.schedule(clock.now() + POLL_INTERVAL_MS, poll);
    for (const { tab, socket, count } of waiting.values()) sendToTab(tab, { type: 'socket-taken', socket, count });
    waiting.clear();
  };

  return (tab, socket) => {
    const key = `${tab} ${socket}`;
    const isFirst = waiting.size === 0;
    waiting.set(key, { tab, socket, count: (waiting.get(key)?.count ?? 0) + 1 });
    if (isFirst) poll();
  };
};
