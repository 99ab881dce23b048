import type { NudgeCause } from '../../protocol/bridge/calls.ts';
import { CLOSE_CODE } from '../../protocol/frames.ts';
import { retryAfterOf, type Problem } from '../../protocol/problem.ts';
import type { Moment } from '../session/session-types.ts';
import { alarmOf, onAlarm } from './socket-timers.ts';
import {
  and,
  ask,
  go,
  open,
  park,
  probe,
  refused,
  renewalAfter,
  renewLater,
  rest,
  retired,
  stay,
  stop,
  type Open,
  type SocketStep,
} from './socket-transitions.ts';
import type { CloseVerdict, Socket, SocketEvent, SocketInputs, SocketPolicy, SocketState } from './socket-types.ts';

/*
 * One upstream socket. What must hold, whatever happens in whatever order (numbers are those of docs/invariants.md):
 *
 *  6. At most one link is live: every way out of `dialling` and `open` hangs up first, or was told of the close.
 *     Every dial has a ticket that was asked for by that very attempt, and that is still fresh.
 *  7. Silence is noticed within heartbeat + `answerWithinMs`: a probe goes out every heartbeat. An alarm that comes
 *     late was slept through, so it proves nothing about the link: it probes, and never condemns.
 *  8. The session hears one thing from here, a question about one generation of its tokens.
 *  9. Every state but `superseded` and `retired` has an alarm or waits for an input, so a healed world finds it dialling.
 */

export const initialSocket: Socket = {
  state: { at: 'parked' },
  inputs: { generation: undefined, wanted: false, online: true, visible: true },
  calls: 0,
  refusals: 0,
  short: 0,
  duty: 'serving',
};

/** The only function that decides anything about a socket. Pure: the same arguments, the same answer. */
export const stepSocket = (socket: Socket, event: SocketEvent, at: Moment, policy: SocketPolicy): SocketStep => {
  const { state } = socket;
  switch (event.type) {
    case 'inputs':
      return onInputs(socket, event.inputs, at, policy);
    case 'nudge':
      return onNudge(socket, event.cause, at, policy);
    case 'ticket':
      return onTicket(socket, event, at, policy);
    case 'ticket-failed':
      return onTicketFailed(socket, event.call, event.problem, at, policy);
    case 'greeted':
      return state.at === 'dialling' && state.call === event.call
        ? open(socket, state, event, at.now, policy)
        : stay(socket);
    case 'heard':
      return state.at === 'open' && state.call === event.call ? onHeard(socket, state, at.now) : stay(socket);
    case 'renewed':
      return state.at === 'open' && state.call === event.call
        ? onRenewed(socket, state, event.expiresInMs, at, policy)
        : stay(socket);
    case 'draining':
      return state.at === 'open' && state.call === event.call
        ? go(socket, { ...state, drainMs: event.ms })
        : stay(socket);
    case 'closed':
      return onClosed(socket, event.call, event.verdict, event.problem, at, policy);
    case 'alarm':
      return event.due === alarmOf(socket) ? onAlarm(socket, event.due, at, policy) : stay(socket);
    case 'retire':
      return onRetire({ ...socket, duty: 'retiring' });
    case 'resume':
      return onResume({ ...socket, duty: 'serving' }, at, policy);
  }
};

// ---- the world

/** A newer worker is the one to dial, for as long as this one lives. */
const isOver = (state: SocketState): boolean => state.at === 'stopped' && state.why.is !== 'forbidden';

const hasNewTokens = (state: SocketState, generation: number): boolean => {
  if (state.at === 'resting') return state.why.is === 'unauthorized' && generation > state.why.generation;
  return state.at === 'stopped' && state.why.is === 'forbidden' && generation !== state.why.generation;
};

const parking = ({ state, parkAt }: Socket, wanted: boolean, now: number, policy: SocketPolicy): number | undefined =>
  wanted || state.at === 'parked' || isOver(state) ? undefined : (parkAt ?? now + policy.parkAfterMs);

/** A change of the world that is a reason to try now, if any. */
const edge = (before: SocketInputs, after: SocketInputs): NudgeCause | undefined => {
  if (before.online !== after.online) return after.online ? 'online' : 'offline';
  return after.visible && !before.visible ? 'visible' : undefined;
};

const onInputs = (socket: Socket, inputs: SocketInputs, at: Moment, policy: SocketPolicy): SocketStep => {
  const { state } = socket;
  const next: Socket = { ...socket, inputs, parkAt: parking(socket, inputs.wanted, at.now, policy) };
  if (isOver(state)) return stay(next);
  if (inputs.generation === undefined) return park(next);
  if (state.at === 'parked') return inputs.wanted ? ask(next, at, policy) : stay(next);
  if (hasNewTokens(state, inputs.generation)) return ask(next, at, policy);
  const cause = edge(socket.inputs, inputs);
  return cause ? onNudge(next, cause, at, policy) : stay(next);
};

const onNudge = (socket: Socket, cause: NudgeCause, at: Moment, policy: SocketPolicy): SocketStep => {
  const { state } = socket;
  if (cause === 'hidden') return stay(socket);
  if (state.at === 'open') return state.liveness.is === 'heard' ? probe(socket, state, at.now, policy) : stay(socket);
  if (cause === 'offline') return stay(socket);
  if (state.at === 'stopped')
    return state.why.is === 'forbidden' && cause === 'user' ? ask(socket, at, policy) : stay(socket);
  if (state.at !== 'resting' || (state.why.is !== 'backoff' && cause !== 'user')) return stay(socket);
  const soonest = state.since + policy.nudgeSpacingMs;
  if (at.now >= soonest) return ask(socket, at, policy);
  return go(socket, { ...state, retryAt: Math.min(state.retryAt, soonest) });
};

const onRetire = (socket: Socket): SocketStep =>
  socket.state.at === 'open' || isOver(socket.state) ? stay(socket) : retired(socket);

const onResume = (socket: Socket, at: Moment, policy: SocketPolicy): SocketStep =>
  socket.state.at === 'stopped' && socket.state.why.is === 'retired'
    ? onInputs({ ...socket, state: { at: 'parked' } }, socket.inputs, at, policy)
    : stay(socket);

// ---- answers

const onTicket = (
  socket: Socket,
  event: SocketEvent & { type: 'ticket' },
  at: Moment,
  policy: SocketPolicy,
): SocketStep => {
  const { state } = socket;
  const { call, ticket } = event;
  const usableMs = Math.max(event.freshForMs - policy.ticketMarginMs, event.freshForMs / 2);
  const isFresh = (askedAt: number): boolean => at.now - askedAt < usableMs;
  if (state.at === 'open' && state.renewal.is === 'asking' && state.renewal.call === call) {
    if (!isFresh(state.renewal.askedAt)) return renewLater(socket, state, undefined, at, policy);
    const { generation } = state.renewal;
    return go(socket, { ...state, renewal: { is: 'sent', generation } }, { type: 'renew', call: state.call, ticket });
  }
  if (state.at !== 'ticketing' || state.call !== call) return stay(socket);
  if (!isFresh(state.askedAt)) return rest(socket, { code: 'timeout', at: policy.at }, at, policy);
  const { made, generation } = state;
  return go(
    socket,
    { at: 'dialling', call, made, generation, by: at.now + policy.connectWithinMs },
    { type: 'dial', call, ticket },
  );
};

const onTicketFailed = (
  socket: Socket,
  call: number,
  problem: Problem,
  at: Moment,
  policy: SocketPolicy,
): SocketStep => {
  const { state } = socket;
  const status = problem.code === 'credentials-rejected' ? problem.status : undefined;
  if (state.at === 'open' && state.renewal.is === 'asking' && state.renewal.call === call) {
    const later = renewLater(socket, state, retryAfterOf(problem), at, policy);
    return status === 401 ? and(later, { type: 'report-unauthorized', generation: state.renewal.generation }) : later;
  }
  if (state.at !== 'ticketing' || state.call !== call) return stay(socket);
  if (status === 401) return refused(socket, false, problem, at, policy);
  if (status === 403) return forbid(socket, state.generation, problem, at, policy);
  return rest(socket, problem, at, policy, retryAfterOf(problem));
};

const forbid = (
  socket: Socket,
  generation: number,
  problem: Problem,
  { now }: Moment,
  policy: SocketPolicy,
): SocketStep => stop(socket, { is: 'forbidden', generation, retryAt: now + policy.forbiddenRetryMs }, problem);

const onRenewed = (
  socket: Socket,
  state: Open,
  expiresInMs: number,
  { now }: Moment,
  policy: SocketPolicy,
): SocketStep => {
  const generation = state.renewal.is === 'sent' ? state.renewal.generation : state.generation;
  return go(socket, { ...state, generation, renewal: renewalAfter(expiresInMs, now, policy) });
};

const onHeard = (socket: Socket, state: Open, now: number): SocketStep =>
  state.liveness.is === 'heard'
    ? stay(socket)
    : go(socket, { ...state, liveness: { is: 'heard', probeAt: now + state.heartbeatMs } });

/** The link is gone already; what the close means is the codec's word. */
const onClosed = (
  socket: Socket,
  call: number,
  verdict: CloseVerdict,
  problem: Problem,
  at: Moment,
  policy: SocketPolicy,
): SocketStep => {
  const { state } = socket;
  if ((state.at !== 'dialling' && state.at !== 'open') || state.call !== call) return stay(socket);
  const step = afterClose(socket, state, verdict, problem, at, policy);
  return state.at === 'open' && state.renewal.is === 'asking'
    ? and(step, { type: 'hang-up', call: state.renewal.call, code: CLOSE_CODE.normal })
    : step;
};

const afterClose = (
  socket: Socket,
  state: SocketState & { at: 'dialling' | 'open' },
  verdict: CloseVerdict,
  problem: Problem,
  at: Moment,
  policy: SocketPolicy,
): SocketStep => {
  switch (verdict.do) {
    case 'redial':
      return rest(socket, problem, at, policy, state.at === 'open' ? state.drainMs : undefined);
    case 'wait':
      return rest(socket, problem, at, policy, verdict.ms);
    case 'authorize':
      return refused(socket, true, problem, at, policy);
    case 'stop':
      return forbid(socket, state.generation, problem, at, policy);
    case 'superseded':
      return stop(socket, { is: 'superseded' }, problem);
  }
};
