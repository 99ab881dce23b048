import { CLOSE_CODE } from '../../protocol/frames.ts';
import type { Problem } from '../../protocol/problem.ts';
import { honouredPause, redialDelay } from '../../protocol/timing/redial.ts';
import { transition, withEffectsFirst, noChange } from '../machine.ts';
import type {
  SocketContext,
  SocketStep,
  Greeting,
  Renewal,
  Socket,
  SocketEffect,
  SocketPolicy,
  SocketState,
} from './socket-types.ts';

/** Ends the requests and connections in flight, so that none of them answers in the next state. */
export const hangUp = (state: SocketState, code: number): SocketEffect[] => {
  const end = (call: number): SocketEffect => ({ type: 'hang-up', call, code });
  if (!('call' in state)) return [];
  const renewal = state.state === 'open' && state.renewal.type === 'fetching' ? [end(state.renewal.call)] : [];
  return [...renewal, end(state.call)];
};

export const becomeIdle = (socket: Socket): SocketStep =>
  transition(
    { ...socket, unauthorizedCount: 0, unstableConnections: 0, idleAt: undefined },
    { state: 'idle' },
    ...hangUp(socket.state, CLOSE_CODE.normal),
  );

export const close = (
  socket: Socket,
  reason: (SocketState & { state: 'closed' })['reason'],
  problem: Problem,
): SocketStep => transition(socket, { state: 'closed', reason, problem }, ...hangUp(socket.state, CLOSE_CODE.normal));

export const forbid = (
  socket: Socket,
  generation: number,
  problem: Problem,
  { now, policy }: SocketContext,
): SocketStep => close(socket, { type: 'forbidden', generation, retryAt: now + policy.forbiddenRetryMs }, problem);

export const retire = (socket: Socket): SocketStep => close(socket, { type: 'retired' }, { code: 'cancelled' });

const hasLasted = (state: SocketState, { now, policy }: SocketContext): boolean =>
  state.state === 'open' && now - state.openedAt >= policy.stableAfterMs;

/**
 * How many attempts the backoff counts. An open connection resets the attempts that led to it. Short-lived connections
 * before it still count, so that a server that closes each one is not contacted in a hot loop.
 */
const attemptsIn = (state: SocketState, context: SocketContext): number =>
  'attempts' in state && !hasLasted(state, context) ? state.attempts : 0;

/** A connection that lasted resets the count of short-lived ones. */
const withStableReset = (socket: Socket, context: SocketContext): Socket =>
  hasLasted(socket.state, context) ? { ...socket, unstableConnections: 0 } : socket;

/** Browsers keep up to six connections to an origin. All of them may be as dead as the silent socket. */
const POOLED = 6;

/**
 * A request on a dead connection gets no answer. The browser tries another connection only after the request ends
 * (measured). The second attempt has twice the time, so that a slow server can still answer.
 */
const ticketPatienceMs = (state: SocketState, attempts: number, policy: SocketPolicy): number => {
  if (attempts > POOLED || state.state !== 'backoff' || state.problem.code !== 'timeout') return policy.connectWithinMs;
  return policy.answerWithinMs * (attempts === 2 ? 2 : 1);
};

/** Starts a new attempt with its own ticket. */
export const beginAttempt = (socket: Socket, context: SocketContext): SocketStep => {
  const { now, policy } = context;
  const { generation } = socket.inputs;
  if (generation === undefined) return becomeIdle(socket);
  if (socket.role === 'retiring') return retire(socket);
  const call = socket.calls + 1;
  const attempts = attemptsIn(socket.state, context) + 1;
  const state: SocketState = {
    state: 'fetching-ticket',
    call,
    attempts,
    generation,
    requestedAt: now,
    by: now + ticketPatienceMs(socket.state, attempts, policy),
  };
  return transition({ ...withStableReset(socket, context), calls: call }, state, { type: 'fetch-ticket', call });
};

type BackoffState = SocketState & { state: 'backoff' };

const waitFor = (
  socket: Socket,
  waitMs: number,
  { reason, problem }: Pick<BackoffState, 'reason' | 'problem'>,
  context: SocketContext,
): SocketStep => {
  if (socket.role === 'retiring') return retire(socket);
  const { now, policy } = context;
  const wait = socket.inputs.online ? waitMs : Math.max(waitMs, policy.offlineRetryMs);
  return transition(withStableReset(socket, context), {
    state: 'backoff',
    attempts: attemptsIn(socket.state, context),
    since: now,
    retryAt: now + wait,
    reason,
    problem,
  });
};

/** Waits for the pause that the server requested (`pauseMs`), or a random time in the window that it announced. */
export const backOff = (socket: Socket, problem: Problem, context: SocketContext, pauseMs?: number): SocketStep => {
  if (pauseMs !== undefined)
    return waitFor(socket, honouredPause(pauseMs, context.chance), { reason: { type: 'paused' }, problem }, context);
  const { state } = socket;
  const tookMs = state.state === 'fetching-ticket' ? context.now - state.requestedAt : 0;
  const delay = redialDelay(attemptsIn(state, context), socket.windowMs, context.chance, tookMs);
  return waitFor(socket, delay, { reason: { type: 'backoff' }, problem }, context);
};

/** How many rejections in a row may lead to an attempt at once, or as soon as there are newer tokens. */
const PROMPT_RETRIES = 2;

/**
 * The server rejected the authorization. The session gets a report, which can never end it (invariant 8).
 * `usable`: the server accepted the tokens for a ticket, so the first redial does not wait for newer ones.
 */
export const onUnauthorized = (
  socket: Socket,
  usable: boolean,
  problem: Problem,
  context: SocketContext,
): SocketStep => {
  const { state } = socket;
  if (!('generation' in state)) return noChange(socket);
  const { generation } = state;
  const next: Socket = {
    ...socket,
    unauthorizedCount: (hasLasted(state, context) ? 0 : socket.unauthorizedCount) + 1,
  };
  const report: SocketEffect = { type: 'report-unauthorized', generation };
  const prompt = next.unauthorizedCount <= PROMPT_RETRIES;
  const renewed = (socket.inputs.generation ?? generation) > generation;
  if (prompt && (renewed || (usable && next.unauthorizedCount === 1)))
    return withEffectsFirst(beginAttempt(next, context), report);
  if (!prompt && context.policy.stopsUnauthorized)
    return withEffectsFirst(forbid(next, generation, problem, context), report);
  if (!prompt) return withEffectsFirst(backOff(next, problem, context), report);
  return withEffectsFirst(
    waitFor(
      next,
      context.policy.unauthorizedWaitMs,
      { reason: { type: 'unauthorized', generation }, problem },
      context,
    ),
    report,
  );
};

const within = (value: number, min: number, max: number): number => Math.min(max, Math.max(min, value));

export const renewalAfter = (expiresInMs: number | undefined, { now, policy }: SocketContext): Renewal => {
  if (expiresInMs === undefined) return { type: 'none' };
  const lead = Math.min(policy.renewLeadMs, expiresInMs / 2);
  return { type: 'due', renewAt: now + within(expiresInMs - lead, policy.renewRetryMs, policy.renewMaxMs) };
};

export const open = (
  socket: Socket,
  state: SocketState & { state: 'connecting' },
  greeting: Greeting,
  context: SocketContext,
): SocketStep => {
  const { now, policy } = context;
  const heartbeatMs = within(greeting.heartbeatMs ?? policy.heartbeatMs, policy.heartbeatMinMs, policy.heartbeatMaxMs);
  const { call, generation } = state;
  return transition(
    { ...socket, windowMs: greeting.windowMs ?? socket.windowMs, unstableConnections: socket.unstableConnections + 1 },
    {
      state: 'open',
      call,
      attempts: socket.unstableConnections,
      generation,
      openedAt: now,
      heartbeatMs,
      liveness: { type: 'alive', probeAt: now + heartbeatMs },
      renewal: renewalAfter(greeting.expiresInMs, context),
    },
  );
};

export type Open = SocketState & { state: 'open' };

export const probe = (socket: Socket, state: Open, { now, policy }: SocketContext, afterChange?: true): SocketStep =>
  transition(
    socket,
    { ...state, liveness: { type: 'probing', answerBy: now + policy.answerWithinMs } },
    { type: 'probe', call: state.call, ...(afterChange && { afterChange }) },
  );

/** The open connection continues. If its authorization expires, the server closes it with 4401. */
export const renewLater = (
  socket: Socket,
  state: Open,
  pauseMs: number | undefined,
  { now, policy }: SocketContext,
): SocketStep =>
  transition(socket, {
    ...state,
    renewal: { type: 'due', renewAt: now + Math.max(policy.renewRetryMs, pauseMs ?? 0) },
  });
