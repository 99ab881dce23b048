import type { SocketView } from '../../protocol/snapshot.ts';
import { fromNow, lastingSince } from './time.ts';

/** " for 3 minutes", or " 3 minutes ago" for one that was stopped; with its space, and empty for an idle one. */
export const socketSince = ({ state, since }: SocketView, now: number): string => {
  if (state === 'parked') return '';
  return ` ${state === 'stopped' ? fromNow(since, now) : lastingSince(since, now)}`;
};
