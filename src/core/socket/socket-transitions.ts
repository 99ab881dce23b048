import { CLOSE_CODE } from '../../protocol/frames.ts';
import type { Problem } from '../../protocol/problem.ts';
import { honouredPause, redialDelay } from '../backoff.ts';
import type { Moment } from '../session/session-types.ts';
import type { Greeting, Renewal, Socket, SocketEffect, SocketPolicy, SocketState } from './socket-types.ts';

export type SocketStep = { machine: Socket; effects: readonly SocketEffect[] };

export const stay = (machine: Socket): SocketStep => ({ machine, effects: [] });

export const go = (socket: Socket, state: SocketState, ...effects: SocketEffect[]): SocketStep => ({
  machine: { ...socket, state },
  effects,
});

export const and = (step: SocketStep, ...effects: SocketEffect[]): SocketStep => ({
  ...step,
  effects: [...effects, ...step.effects],
});

/** Ends everything that is in flight, so that nothing of it can answer into the next state. */
export const hangUp = (state: SocketState, code: number): SocketEffect[] => {
  const end = (call: number): SocketEffect => ({ type: 'hang-up', call, code });
  if (!('call' in state)) return [];
  const renewal = state.at === 'open' && state.renewal.is === 'asking' ? [end(state.renewal.call)] : [];
  return [...renewal, end(state.call)];
};

export const park = (socket: Socket): SocketStep =>
  go(
    { ...socket, refusals: 0, short: 0, parkAt: undefined },
    { at: 'parked' },
    ...hangUp(socket.state, CLOSE_CODE.normal),
  );

export const stop = (socket: Socket, why: (SocketState & { at: 'stopped' })['why'], problem: Problem): SocketStep =>
  go(socket, { at: 'stopped', why, problem }, ...hangUp(socket.state, CLOSE_CODE.normal));

export const retired = (socket: Socket): SocketStep => stop(socket, { is: 'retired' }, { code: 'cancelled' });

const hasLasted = (state: SocketState, now: number, policy: SocketPolicy): boolean =>
  state.at === 'open' && now - state.openedAt >= policy.stableAfterMs;

/**
 * How many tries count against the next one. An open link has paid for those that led to it; what counts are the
 * links before it that did not last, so that a server which closes in a loop is not asked in a hot one.
 */
const madeIn = (state: SocketState, now: number, policy: SocketPolicy): number =>
  'made' in state && !hasLasted(state, now, policy) ? state.made : 0;

/** A link that lasted ends a row of those that did not. */
const counted = (socket: Socket, now: number, policy: SocketPolicy): Socket =>
  hasLasted(socket.state, now, policy) ? { ...socket, short: 0 } : socket;

/** As many connections as a browser keeps to a host: they may all be as dead as the link that has gone silent. */
const POOLED = 6;

/**
 * A request on one of them is never answered, and only its end has the browser try another one (measured). The second
 * try is for a server that is slow, and not gone: it has twice the time, so that not all of them are given up.
 */
const patience = (state: SocketState, made: number, policy: SocketPolicy): number => {
  if (made > POOLED || state.at !== 'resting' || state.problem.code !== 'timeout') return policy.connectWithinMs;
  return policy.answerWithinMs * (made === 2 ? 2 : 1);
};

/** A new attempt begins, always with a ticket of its own. */
export const ask = (socket: Socket, { now }: Moment, policy: SocketPolicy): SocketStep => {
  const { generation } = socket.inputs;
  if (generation === undefined) return park(socket);
  if (socket.duty === 'retiring') return retired(socket);
  const call = socket.calls + 1;
  const made = madeIn(socket.state, now, policy) + 1;
  const state: SocketState = {
    at: 'ticketing',
    call,
    made,
    generation,
    askedAt: now,
    by: now + patience(socket.state, made, policy),
  };
  return go({ ...counted(socket, now, policy), calls: call }, state, { type: 'fetch-ticket', call });
};

type Rest = SocketState & { at: 'resting' };

const restFor = (
  socket: Socket,
  waitMs: number,
  why: Rest['why'],
  problem: Problem,
  { now }: Moment,
  policy: SocketPolicy,
): SocketStep => {
  if (socket.duty === 'retiring') return retired(socket);
  const wait = socket.inputs.online ? waitMs : Math.max(waitMs, policy.offlineRetryMs);
  return go(counted(socket, now, policy), {
    at: 'resting',
    made: madeIn(socket.state, now, policy),
    since: now,
    retryAt: now + wait,
    why,
    problem,
  });
};

/** Waits as long as the server asked (`pauseMs`), or spread over the window that it once announced. */
export const rest = (
  socket: Socket,
  problem: Problem,
  at: Moment,
  policy: SocketPolicy,
  pauseMs?: number,
): SocketStep => {
  if (pauseMs !== undefined)
    return restFor(socket, honouredPause(pauseMs, at.chance), { is: 'paused' }, problem, at, policy);
  const { state } = socket;
  const tookMs = state.at === 'ticketing' ? at.now - state.askedAt : 0;
  const delay = redialDelay(madeIn(state, at.now, policy), socket.windowMs, at.chance, tookMs);
  return restFor(socket, delay, { is: 'backoff' }, problem, at, policy);
};

/** How often a refusal may be followed by a try at once, or as soon as there are newer tokens. */
const PROMPT_REFUSALS = 2;

/**
 * The server would not have our authorization. All that follows from it for the session is a question (invariant 8).
 * `usable`: the tokens as such were accepted (a ticket was given), so the first redial need not wait for newer ones.
 */
export const refused = (
  socket: Socket,
  usable: boolean,
  problem: Problem,
  at: Moment,
  policy: SocketPolicy,
): SocketStep => {
  const { state } = socket;
  if (!('generation' in state)) return stay(socket);
  const { generation } = state;
  const stable = state.at === 'open' && madeIn(state, at.now, policy) === 0;
  const told: Socket = { ...socket, refusals: (stable ? 0 : socket.refusals) + 1 };
  const report: SocketEffect = { type: 'report-unauthorized', generation };
  const prompt = told.refusals <= PROMPT_REFUSALS;
  const renewed = (socket.inputs.generation ?? generation) > generation;
  if (prompt && (renewed || (usable && told.refusals === 1))) return and(ask(told, at, policy), report);
  if (!prompt) return and(rest(told, problem, at, policy), report);
  return and(restFor(told, policy.unauthorizedWaitMs, { is: 'unauthorized', generation }, problem, at, policy), report);
};

const within = (value: number, min: number, max: number): number => Math.min(max, Math.max(min, value));

export const renewalAfter = (expiresInMs: number | undefined, now: number, policy: SocketPolicy): Renewal => {
  if (expiresInMs === undefined) return { is: 'none' };
  const lead = Math.min(policy.renewLeadMs, expiresInMs / 2);
  return { is: 'due', renewAt: now + within(expiresInMs - lead, policy.renewRetryMs, policy.renewMaxMs) };
};

export const open = (
  socket: Socket,
  state: SocketState & { at: 'dialling' },
  greeting: Greeting,
  now: number,
  policy: SocketPolicy,
): SocketStep => {
  const heartbeatMs = within(greeting.heartbeatMs ?? policy.heartbeatMs, policy.heartbeatMinMs, policy.heartbeatMaxMs);
  const { call, generation } = state;
  return go(
    { ...socket, windowMs: greeting.windowMs ?? socket.windowMs, short: socket.short + 1 },
    {
      at: 'open',
      call,
      made: socket.short,
      generation,
      openedAt: now,
      heartbeatMs,
      liveness: { is: 'heard', probeAt: now + heartbeatMs },
      renewal: renewalAfter(greeting.expiresInMs, now, policy),
    },
  );
};

export type Open = SocketState & { at: 'open' };

export const probe = (socket: Socket, state: Open, now: number, policy: SocketPolicy): SocketStep =>
  go(
    socket,
    { ...state, liveness: { is: 'probing', answerBy: now + policy.answerWithinMs } },
    { type: 'probe', call: state.call },
  );

/** The open socket lives on; if its authorization does end, the server says so (4401). */
export const renewLater = (
  socket: Socket,
  state: Open,
  pauseMs: number | undefined,
  { now }: Moment,
  policy: SocketPolicy,
): SocketStep =>
  go(socket, { ...state, renewal: { is: 'due', renewAt: now + Math.max(policy.renewRetryMs, pauseMs ?? 0) } });
