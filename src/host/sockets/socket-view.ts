import type { Socket } from '../../core/socket/socket-types.ts';
import type { SocketStateName, SocketView } from '../../protocol/snapshot.ts';

/** The names in the snapshot and in the journal. Both are public, and journals on disk outlive an update. */
export const STATE_NAMES: Readonly<Record<Socket['state']['state'], SocketStateName>> = {
  idle: 'parked',
  'fetching-ticket': 'ticketing',
  connecting: 'dialling',
  open: 'open',
  backoff: 'resting',
  closed: 'stopped',
};

export const viewOf = ({ state: current }: Socket): Pick<SocketView, 'state' | 'nextTryAt' | 'problem'> => {
  const state = STATE_NAMES[current.state];
  if (current.state === 'backoff') return { state, nextTryAt: current.retryAt, problem: current.problem };
  if (current.state !== 'closed') return { state };
  const { reason, problem } = current;
  return { state, nextTryAt: reason.type === 'forbidden' ? reason.retryAt : undefined, problem };
};
