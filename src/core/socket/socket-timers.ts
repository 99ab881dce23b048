import { CLOSE_CODE } from '../../protocol/frames.ts';
import type { Moment } from '../session/session-types.ts';
import {
  withEffects,
  beginAttempt,
  transition,
  hangUp,
  becomeIdle,
  probe,
  renewLater,
  backOff,
  noChange,
  type Open,
  type SocketStep,
} from './socket-transitions.ts';
import type { Renewal, Socket, SocketPolicy, SocketState } from './socket-types.ts';

const never = Infinity;

const renewalDue = (renewal: Renewal): number =>
  renewal.type === 'due' ? renewal.renewAt : renewal.type === 'fetching' ? renewal.by : never;

const livenessDue = ({ liveness }: Open): number => (liveness.type === 'alive' ? liveness.probeAt : liveness.answerBy);

const dueOf = (state: SocketState): number => {
  switch (state.state) {
    case 'idle':
      return never;
    case 'fetching-ticket':
    case 'connecting':
      return state.by;
    case 'open':
      return Math.min(livenessDue(state), renewalDue(state.renewal));
    case 'backoff':
      return state.retryAt;
    case 'closed':
      return state.reason.type === 'forbidden' ? state.reason.retryAt : never;
  }
};

/** The one moment (ms since the epoch) at which an `alarm` event for it must come; `undefined`: none is needed. */
export const alarmOf = ({ state, idleAt }: Socket): number | undefined => {
  const due = Math.min(dueOf(state), idleAt ?? never);
  return due === never ? undefined : due;
};

/** The alarm for `due` went off; the caller made sure that it is the one that is set. */
export const onAlarm = (socket: Socket, due: number, at: Moment, policy: SocketPolicy): SocketStep => {
  const { state } = socket;
  const late = at.now - due >= policy.lateMs;
  if (socket.idleAt === due) return becomeIdle(socket);
  switch (state.state) {
    case 'fetching-ticket':
    case 'connecting':
      if (late) return transition(socket, { ...state, by: at.now + policy.answerWithinMs });
      return withEffects(
        backOff(socket, { code: 'timeout', at: policy.endpoint }, at, policy),
        ...hangUp(state, CLOSE_CODE.silent),
      );
    case 'open':
      return onOpenAlarm(socket, state, due, late, at, policy);
    case 'backoff':
    case 'closed':
      return beginAttempt(socket, at, policy);
    case 'idle':
      return noChange(socket);
  }
};

const onOpenAlarm = (
  socket: Socket,
  state: Open,
  due: number,
  late: boolean,
  at: Moment,
  policy: SocketPolicy,
): SocketStep => {
  if (livenessDue(state) <= due) {
    if (state.liveness.type === 'alive' || late) return probe(socket, state, at.now, policy);
    return withEffects(
      backOff(socket, { code: 'timeout', at: policy.endpoint }, at, policy),
      ...hangUp(state, CLOSE_CODE.silent),
    );
  }
  const step = renew(socket, state, at, policy);
  const after = step.machine.state;
  if (!late || after.state !== 'open' || after.liveness.type === 'probing') return step;
  return withEffects(probe(step.machine, after, at.now, policy), ...step.effects);
};

const renew = (socket: Socket, state: Open, at: Moment, policy: SocketPolicy): SocketStep => {
  if (state.renewal.type === 'fetching') {
    return withEffects(renewLater(socket, state, undefined, at, policy), {
      type: 'hang-up',
      call: state.renewal.call,
      code: CLOSE_CODE.silent,
    });
  }
  const call = socket.calls + 1;
  const generation = socket.inputs.generation ?? state.generation;
  const renewal: Renewal = {
    type: 'fetching',
    call,
    generation,
    requestedAt: at.now,
    by: at.now + policy.connectWithinMs,
  };
  return transition({ ...socket, calls: call }, { ...state, renewal }, { type: 'fetch-ticket', call });
};
