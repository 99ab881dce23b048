import type { NudgeCause } from '../../protocol/bridge/calls.ts';
import { CLOSE_CODE } from '../../protocol/frames.ts';
import { retryAfterOf } from '../../protocol/problem.ts';
import { alarmOf, onAlarm } from './socket-timers.ts';
import { noChange, transition, withEffectsFirst, type Moment } from '../machine.ts';
import {
  beginAttempt,
  open,
  becomeIdle,
  probe,
  onUnauthorized,
  renewalAfter,
  renewLater,
  backOff,
  retire,
  close,
  forbid,
  type Open,
} from './socket-transitions.ts';
import type {
  SocketContext,
  SocketStep,
  Socket,
  SocketEvent,
  SocketInputs,
  SocketPolicy,
  SocketState,
} from './socket-types.ts';

/*
 * One upstream connection. These invariants hold for all events in any order (numbers of docs/invariants.md):
 *
 *  6. At most one connection is live: each transition out of `connecting` and `open` hangs up, or follows a close.
 *     Each dial uses a fresh ticket that the same attempt requested.
 *  7. The machine detects silence within heartbeat + `answerWithinMs`, because each heartbeat sends a probe. A late
 *     alarm means that the computer slept. It says nothing about the connection, so it only sends a probe.
 *  8. The session gets only reports of rejected authorization, for one generation of its tokens.
 *  9. Each state but `superseded` and `retired` has an alarm or waits for an input. So the machine connects again when
 *     network and server work.
 */

export const initialSocket: Socket = {
  state: { state: 'idle' },
  inputs: { generation: undefined, wanted: false, online: true, visible: true },
  calls: 0,
  unauthorizedCount: 0,
  unstableConnections: 0,
  role: 'serving',
};

/** The only function that decides anything about a socket. It is pure: the same arguments give the same result. */
export const stepSocket = (socket: Socket, event: SocketEvent, at: Moment, policy: SocketPolicy): SocketStep =>
  onEvent(socket, event, { ...at, policy });

const onEvent = (socket: Socket, event: SocketEvent, context: SocketContext): SocketStep => {
  const { state } = socket;
  switch (event.type) {
    case 'inputs':
      return onInputs(socket, event.inputs, context);
    case 'nudge':
      return onNudge(socket, event.cause, context);
    case 'ticket':
      return onTicket(socket, event, context);
    case 'ticket-failed':
      return onTicketFailed(socket, event, context);
    case 'greeted':
      return state.state === 'connecting' && state.call === event.call
        ? open(socket, state, event, context)
        : noChange(socket);
    case 'received':
      return state.state === 'open' && state.call === event.call
        ? onReceived(socket, state, context.now)
        : noChange(socket);
    case 'renewed':
      return state.state === 'open' && state.call === event.call
        ? onRenewed(socket, state, event.expiresInMs, context)
        : noChange(socket);
    case 'draining':
      return state.state === 'open' && state.call === event.call
        ? transition(socket, { ...state, drainMs: event.ms })
        : noChange(socket);
    case 'closed':
      return onClosed(socket, event, context);
    case 'alarm':
      return event.due === alarmOf(socket) ? onAlarm(socket, event.due, context) : noChange(socket);
    case 'retire':
      return onRetire({ ...socket, role: 'retiring' });
    case 'resume':
      return onResume({ ...socket, role: 'serving' }, context);
  }
};

// ---- network, tabs and session

/** A newer worker connects instead of this one. */
const isOver = (state: SocketState): boolean => state.state === 'closed' && state.reason.type !== 'forbidden';

const hasNewTokens = (state: SocketState, generation: number): boolean => {
  if (state.state === 'backoff') return state.reason.type === 'unauthorized' && generation > state.reason.generation;
  return state.state === 'closed' && state.reason.type === 'forbidden' && generation !== state.reason.generation;
};

const idleAtOf = ({ state, idleAt }: Socket, wanted: boolean, { now, policy }: SocketContext): number | undefined =>
  wanted || state.state === 'idle' || isOver(state) ? undefined : (idleAt ?? now + policy.idleAfterMs);

/** The input change, if any, that starts an attempt now. */
const edge = (before: SocketInputs, after: SocketInputs): NudgeCause | undefined => {
  if (before.online !== after.online) return after.online ? 'online' : 'offline';
  return after.visible && !before.visible ? 'visible' : undefined;
};

const onInputs = (socket: Socket, inputs: SocketInputs, context: SocketContext): SocketStep => {
  const { state } = socket;
  const next: Socket = { ...socket, inputs, idleAt: idleAtOf(socket, inputs.wanted, context) };
  if (isOver(state)) return noChange(next);
  if (inputs.generation === undefined) return becomeIdle(next);
  if (state.state === 'idle') return inputs.wanted ? beginAttempt(next, context) : noChange(next);
  if (hasNewTokens(state, inputs.generation)) return beginAttempt(next, context);
  const cause = edge(socket.inputs, inputs);
  return cause ? onNudge(next, cause, context) : noChange(next);
};

const onNudge = (socket: Socket, cause: NudgeCause, context: SocketContext): SocketStep => {
  const { state } = socket;
  if (cause === 'hidden') return noChange(socket);
  if (state.state === 'open') {
    if (state.liveness.type === 'probing') return noChange(socket);
    return cause === 'online' || cause === 'thaw' ? probe(socket, state, context, true) : probe(socket, state, context);
  }
  if (cause === 'offline') return noChange(socket);
  if (state.state === 'closed')
    return state.reason.type === 'forbidden' && cause === 'user' ? beginAttempt(socket, context) : noChange(socket);
  if (state.state !== 'backoff' || (state.reason.type !== 'backoff' && cause !== 'user')) return noChange(socket);
  const soonest = state.since + context.policy.nudgeSpacingMs;
  if (context.now >= soonest) return beginAttempt(socket, context);
  return transition(socket, { ...state, retryAt: Math.min(state.retryAt, soonest) });
};

const onRetire = (socket: Socket): SocketStep =>
  socket.state.state === 'open' || isOver(socket.state) ? noChange(socket) : retire(socket);

const onResume = (socket: Socket, context: SocketContext): SocketStep =>
  socket.state.state === 'closed' && socket.state.reason.type === 'retired'
    ? onInputs({ ...socket, state: { state: 'idle' } }, socket.inputs, context)
    : noChange(socket);

// ---- results

const onTicket = (socket: Socket, event: SocketEvent & { type: 'ticket' }, context: SocketContext): SocketStep => {
  const { state } = socket;
  const { call, ticket } = event;
  const usableMs = Math.max(event.freshForMs - context.policy.ticketMarginMs, event.freshForMs / 2);
  const isFresh = (requestedAt: number): boolean => context.now - requestedAt < usableMs;
  if (state.state === 'open' && state.renewal.type === 'fetching' && state.renewal.call === call) {
    if (!isFresh(state.renewal.requestedAt)) return renewLater(socket, state, undefined, context);
    const { generation } = state.renewal;
    return transition(
      socket,
      { ...state, renewal: { type: 'sent', generation } },
      { type: 'renew', call: state.call, ticket },
    );
  }
  if (state.state !== 'fetching-ticket' || state.call !== call) return noChange(socket);
  if (!isFresh(state.requestedAt)) return backOff(socket, { code: 'timeout', at: context.policy.endpoint }, context);
  const { attempts, generation } = state;
  return transition(
    socket,
    { state: 'connecting', call, attempts, generation, by: context.now + context.policy.connectWithinMs },
    { type: 'dial', call, ticket },
  );
};

/**
 * Attempts with growing pauses after a ticket was forbidden: 11 to 68 s on average. A firewall answers 403 for a moment, too,
 * and its answer looks the same. The lab's `ticket-forbidden` found a socket that waited five minutes for that.
 */
const PROMPT_ATTEMPTS = 10;

const onTicketFailed = (
  socket: Socket,
  { call, problem }: SocketEvent & { type: 'ticket-failed' },
  context: SocketContext,
): SocketStep => {
  const { state } = socket;
  const status = problem.code === 'credentials-rejected' ? problem.status : undefined;
  if (state.state === 'open' && state.renewal.type === 'fetching' && state.renewal.call === call) {
    const later = renewLater(socket, state, retryAfterOf(problem), context);
    return status === 401
      ? withEffectsFirst(later, { type: 'report-unauthorized', generation: state.renewal.generation })
      : later;
  }
  if (state.state !== 'fetching-ticket' || state.call !== call) return noChange(socket);
  if (status === 401) return onUnauthorized(socket, false, problem, context);
  if (status === 403 && state.attempts > PROMPT_ATTEMPTS) return forbid(socket, state.generation, problem, context);
  return backOff(socket, problem, context, retryAfterOf(problem));
};

const onRenewed = (socket: Socket, state: Open, expiresInMs: number, context: SocketContext): SocketStep => {
  const generation = state.renewal.type === 'sent' ? state.renewal.generation : state.generation;
  return transition(socket, { ...state, generation, renewal: renewalAfter(expiresInMs, context) });
};

const onReceived = (socket: Socket, state: Open, now: number): SocketStep =>
  state.liveness.type === 'alive'
    ? noChange(socket)
    : transition(socket, { ...state, liveness: { type: 'alive', probeAt: now + state.heartbeatMs } });

type Closed = SocketEvent & { type: 'closed' };

/** The connection is closed already. The codec decides what the close code means. */
const onClosed = (socket: Socket, event: Closed, context: SocketContext): SocketStep => {
  const { state } = socket;
  if ((state.state !== 'connecting' && state.state !== 'open') || state.call !== event.call) return noChange(socket);
  const step = afterClose(socket, state, event, context);
  return state.state === 'open' && state.renewal.type === 'fetching'
    ? withEffectsFirst(step, { type: 'hang-up', call: state.renewal.call, code: CLOSE_CODE.normal })
    : step;
};

const afterClose = (
  socket: Socket,
  state: SocketState & { state: 'connecting' | 'open' },
  { verdict, problem }: Closed,
  context: SocketContext,
): SocketStep => {
  switch (verdict.type) {
    case 'redial':
      return backOff(socket, problem, context, state.state === 'open' ? state.drainMs : undefined);
    case 'wait':
      return backOff(socket, problem, context, verdict.ms);
    case 'authorize':
      return onUnauthorized(socket, true, problem, context);
    case 'stop':
      return forbid(socket, state.generation, problem, context);
    case 'end':
      return becomeIdle(socket);
    case 'superseded':
      return close(socket, { type: 'superseded' }, problem);
  }
};
