import { CLOSE_CODE } from '../../protocol/frames.ts';
import { noChange, transition, withEffectsFirst } from '../machine.ts';
import { beginAttempt, hangUp, becomeIdle, probe, renewLater, backOff, type Open } from './socket-transitions.ts';
import type { SocketContext, SocketStep, Renewal, Socket, SocketState } from './socket-types.ts';

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

/** When the machine needs its next `alarm` event (ms since the Unix epoch). `undefined`: no alarm. */
export const alarmOf = ({ state, idleAt }: Socket): number | undefined => {
  const due = Math.min(dueOf(state), idleAt ?? never);
  return due === never ? undefined : due;
};

/** The alarm for `due` fired. The caller checked that it is the current one. */
export const onAlarm = (socket: Socket, due: number, context: SocketContext): SocketStep => {
  const { state } = socket;
  const { policy } = context;
  const late = context.now - due >= policy.lateMs;
  if (socket.idleAt === due) return becomeIdle(socket);
  switch (state.state) {
    case 'fetching-ticket':
    case 'connecting':
      if (late) return transition(socket, { ...state, by: context.now + policy.answerWithinMs });
      return withEffectsFirst(
        backOff(socket, { code: 'timeout', at: policy.endpoint }, context),
        ...hangUp(state, CLOSE_CODE.silent),
      );
    case 'open':
      return onOpenAlarm(socket, state, { due, late }, context);
    case 'backoff':
    case 'closed':
      return beginAttempt(socket, context);
    case 'idle':
      return noChange(socket);
  }
};

const onOpenAlarm = (
  socket: Socket,
  state: Open,
  { due, late }: { due: number; late: boolean },
  context: SocketContext,
): SocketStep => {
  if (livenessDue(state) <= due) {
    if (state.liveness.type === 'alive' || late)
      return late ? probe(socket, state, context, true) : probe(socket, state, context);
    return withEffectsFirst(
      backOff(socket, { code: 'timeout', at: context.policy.endpoint }, context),
      ...hangUp(state, CLOSE_CODE.silent),
    );
  }
  const step = renew(socket, state, context);
  const after = step.machine.state;
  if (!late || after.state !== 'open' || after.liveness.type === 'probing') return step;
  return withEffectsFirst(probe(step.machine, after, context, true), ...step.effects);
};

const renew = (socket: Socket, state: Open, context: SocketContext): SocketStep => {
  if (state.renewal.type === 'fetching') {
    return withEffectsFirst(renewLater(socket, state, undefined, context), {
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
    requestedAt: context.now,
    by: context.now + context.policy.connectWithinMs,
  };
  return transition({ ...socket, calls: call }, { ...state, renewal }, { type: 'fetch-ticket', call });
};
