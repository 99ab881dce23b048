import { CLOSE_CODE } from '../../protocol/frames.ts';
import type { Moment } from '../session/session-types.ts';
import {
  and,
  ask,
  go,
  hangUp,
  park,
  probe,
  renewLater,
  rest,
  stay,
  type Open,
  type SocketStep,
} from './socket-transitions.ts';
import type { Renewal, Socket, SocketPolicy, SocketState } from './socket-types.ts';

const never = Infinity;

const renewalDue = (renewal: Renewal): number =>
  renewal.is === 'due' ? renewal.renewAt : renewal.is === 'asking' ? renewal.by : never;

const livenessDue = ({ liveness }: Open): number => (liveness.is === 'heard' ? liveness.probeAt : liveness.answerBy);

const dueOf = (state: SocketState): number => {
  switch (state.at) {
    case 'parked':
      return never;
    case 'ticketing':
    case 'dialling':
      return state.by;
    case 'open':
      return Math.min(livenessDue(state), renewalDue(state.renewal));
    case 'resting':
      return state.retryAt;
    case 'stopped':
      return state.why.is === 'forbidden' ? state.why.retryAt : never;
  }
};

/** The one moment (ms since the epoch) at which an `alarm` event for it must come; `undefined`: none is needed. */
export const alarmOf = ({ state, parkAt }: Socket): number | undefined => {
  const due = Math.min(dueOf(state), parkAt ?? never);
  return due === never ? undefined : due;
};

/** The alarm for `due` went off; the caller made sure that it is the one that is set. */
export const onAlarm = (socket: Socket, due: number, at: Moment, policy: SocketPolicy): SocketStep => {
  const { state } = socket;
  const late = at.now - due >= policy.lateMs;
  if (socket.parkAt === due) return park(socket);
  switch (state.at) {
    case 'ticketing':
    case 'dialling':
      if (late) return go(socket, { ...state, by: at.now + policy.answerWithinMs });
      return and(rest(socket, { code: 'timeout', at: policy.at }, at, policy), ...hangUp(state, CLOSE_CODE.silent));
    case 'open':
      return onOpenAlarm(socket, state, due, late, at, policy);
    case 'resting':
    case 'stopped':
      return ask(socket, at, policy);
    case 'parked':
      return stay(socket);
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
    if (state.liveness.is === 'heard' || late) return probe(socket, state, at.now, policy);
    return and(rest(socket, { code: 'timeout', at: policy.at }, at, policy), ...hangUp(state, CLOSE_CODE.silent));
  }
  const step = renew(socket, state, at, policy);
  const after = step.machine.state;
  if (!late || after.at !== 'open' || after.liveness.is === 'probing') return step;
  return and(probe(step.machine, after, at.now, policy), ...step.effects);
};

const renew = (socket: Socket, state: Open, at: Moment, policy: SocketPolicy): SocketStep => {
  if (state.renewal.is === 'asking') {
    return and(renewLater(socket, state, undefined, at, policy), {
      type: 'hang-up',
      call: state.renewal.call,
      code: CLOSE_CODE.silent,
    });
  }
  const call = socket.calls + 1;
  const generation = socket.inputs.generation ?? state.generation;
  const renewal: Renewal = { is: 'asking', call, generation, askedAt: at.now, by: at.now + policy.connectWithinMs };
  return go({ ...socket, calls: call }, { ...state, renewal }, { type: 'fetch-ticket', call });
};
