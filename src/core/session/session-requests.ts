import { retryAfterOf } from '../../protocol/problem.ts';
import { noChange, withEffects } from '../machine.ts';
import {
  answer,
  answerAll,
  beginRefresh,
  generationOf,
  isHopeless,
  retryRefresh,
  sessionOf,
} from './session-transitions.ts';
import { isRefusal } from '../refusal.ts';
import { checkNow, isVerifiedEnough, verifyNow } from './session-verify.ts';
import { admit, isDue, tokenGeneration } from './token-expiry.ts';
import type {
  Failed,
  SessionMachine,
  SessionContext,
  SessionEvent,
  SessionState,
  SessionStep,
  Waiting,
} from './session-types.ts';

/** A request of the allow-list needs a verdict: with which token, if any, it is sent. */
export const onRequest = (machine: SessionMachine, id: string, context: SessionContext): SessionStep => {
  const { state } = machine;
  if (state.state === 'signed-out') return withEffects(noChange(machine), answer(id, { type: 'anonymous' }));
  if (state.state === 'starting' || state.state === 'establishing') return wait(machine, state, [id]);
  // A 401 for one request says nothing about the token of the others: the server decides about each.
  const verdict = admit(state.session, context);
  return verdict ? withEffects(noChange(machine), answer(id, verdict)) : needToken(machine, [id], context);
};

/** These requests need another token than the present one. */
const needToken = (machine: SessionMachine, ids: Waiting, context: SessionContext): SessionStep => {
  const { state } = machine;
  switch (state.state) {
    case 'signed-out':
      return withEffects(noChange(machine), ...answerAll(ids, { type: 'passThrough' }));
    case 'active':
      return beginRefresh(machine, { session: state.session, waiting: ids });
    case 'degraded':
    case 'sign-in-required':
      return waitForRetry(machine, state, ids, context);
    default:
      return wait(machine, state, ids);
  }
};

const wait = (machine: SessionMachine, state: SessionState & { waiting: Waiting }, ids: Waiting): SessionStep =>
  noChange({ ...machine, state: { ...state, waiting: [...state.waiting, ...ids] } as SessionState });

/** Requests never shorten a pause: many of them would be a storm. They wait for the attempt if it comes in time. */
const waitForRetry = (
  machine: SessionMachine,
  state: SessionState & Failed,
  ids: Waiting,
  context: SessionContext,
): SessionStep => {
  const { now, policy } = context;
  if (isRetryDue(state, now)) return retryRefresh(machine, state, ids);
  if (state.state === 'degraded' && !isHopeless(state, now, policy)) return wait(machine, state, ids);
  return withEffects(noChange(machine), ...answerAll(ids, { type: 'fail', problem: state.problem }));
};

export const isRetryDue = ({ nextTryAt, failedAt }: Failed, now: number): boolean =>
  isDue(nextTryAt, nextTryAt - failedAt, now);

/** A pause that only its end ends: the server's `Retry-After`, a misconfigured client, a person who has to sign in. */
export const isHeldOff = ({ state, problem, nextTryAt }: Failed, { now }: SessionContext): boolean =>
  now < nextTryAt &&
  (state === 'sign-in-required' || problem.code === 'misconfigured' || retryAfterOf(problem) !== undefined);

/** A tab that arrives or becomes visible is no reason to ask a backend that plainly refuses. */
const isRefused = ({ problem, attempt }: Failed): boolean => attempt > 1 && isRefusal(problem);

/** Whether an attempt may start now. It may shorten the machine's own backoff, but no pause of the server. */
export const mayTry = (state: Failed, context: SessionContext): boolean => {
  const since = context.now - state.failedAt;
  return (
    context.now >= state.nextTryAt ||
    (!isHeldOff(state, context) && !isRefused(state) && (since >= context.policy.minTryMs || since < 0))
  );
};

type Refused = Extract<SessionEvent, { type: 'refused' }>;

/** The generation of the token that requests get now. */
const currentGeneration = (state: SessionState): number => {
  const session = sessionOf(state);
  return session ? tokenGeneration(session) : generationOf(state);
};

/** The server answered a request with 401. */
const onRefused = (machine: SessionMachine, event: Refused, context: SessionContext): SessionStep => {
  const { id, generation, challenge, isProof } = event;
  const { state } = machine;
  const pass = withEffects(noChange(machine), answer(id, { type: 'passThrough' }));
  if (state.state === 'signed-out') return pass;
  // A 401 for an older token does not concern the newer token, which the request is sent with again (invariant 5).
  if (currentGeneration(state) > generation) return onRequest(machine, id, context);
  if (challenge === 'other') return pass;
  if (state.state === 'starting' || state.state === 'establishing') return wait(machine, state, [id]);
  const { session } = state;
  // A cookie session has no token to renew: the page gets the 401, and the worker verifies the session.
  if (session.kind === 'ticket') {
    const spent = isVerifiedEnough(machine, context) ? undefined : spendUnauthorized(machine, context);
    return spent ? verifyNow({ ...pass, machine: spent }) : pass;
  }
  const isDoubtful = context.now < machine.doubt.until;
  if (isProof) return isDoubtful && machine.provenGeneration !== generation ? pass : renew(machine, [id], context);
  // The check costs one request. A refresh would cost a token, and the replay would send the caller's body twice. Without a
  // refresh token, the check shows whether the person is needed.
  const isUnsure = challenge === 'unclear' || isDoubtful || session.tokens.refresh === undefined;
  return isUnsure ? checkNow(machine, [id]) : renew(machine, [id], context);
};

/** Takes one token from the bucket that limits refreshes after a 401. A clock that was set back refills the bucket. */
export const spendUnauthorized = (
  machine: SessionMachine,
  { now, policy }: SessionContext,
): SessionMachine | undefined => {
  const { unauthorizedBudget } = machine;
  const since = now - unauthorizedBudget.at;
  const refilled = since < 0 ? policy.unauthorizedBurst : Math.floor(since / policy.unauthorizedRefillMs);
  const left = Math.min(policy.unauthorizedBurst, unauthorizedBudget.left + refilled);
  if (left < 1) return undefined;
  return {
    ...machine,
    unauthorizedBudget: {
      left: left - 1,
      at: refilled > 0 || left === policy.unauthorizedBurst ? now : unauthorizedBudget.at,
    },
  };
};

/** A refresh is the cure. The bucket bounds how many of them 401s may start. */
export const renew = (machine: SessionMachine, ids: Waiting, context: SessionContext): SessionStep => {
  const { state } = machine;
  if (state.state !== 'active') return needToken(machine, ids, context);
  const spent = state.session.tokens.refresh ? spendUnauthorized(machine, context) : undefined;
  return spent
    ? beginRefresh(spent, { session: state.session, waiting: ids })
    : withEffects(noChange(machine), ...answerAll(ids, { type: 'passThrough' }));
};

/**
 * The backend refused a token that the provider had just issued. For a growing time, 401s start no refresh unless the
 * backend's check shows that the token is at fault.
 */
const onRefusedAgain = (machine: SessionMachine, generation: number, { now, policy }: SessionContext): SessionStep => {
  const { doubt, state } = machine;
  if (!sessionOf(state) || currentGeneration(state) !== generation || doubt.generation === generation)
    return noChange(machine);
  const isRecent = now - doubt.until < policy.doubtCapMs;
  const count = isRecent ? doubt.count + 1 : 1;
  const until = now + Math.min(policy.doubtCapMs, policy.doubtMs * 2 ** (count - 1));
  const doubting: SessionMachine = { ...machine, doubt: { count, generation, until } };
  return machine.provenGeneration === generation ? noChange(doubting) : verifyNow(noChange(doubting));
};

export const onRequestRefused = (
  machine: SessionMachine,
  event: Extract<SessionEvent, { type: 'refused' | 'refused-again' }>,
  context: SessionContext,
): SessionStep =>
  event.type === 'refused' ? onRefused(machine, event, context) : onRefusedAgain(machine, event.generation, context);

/** The only effect of a socket on the session: it starts a refresh or verification, and ends nothing (invariant 8). */
export const onSuspected = (machine: SessionMachine, generation: number, context: SessionContext): SessionStep => {
  const { state } = machine;
  if (state.state !== 'active' || tokenGeneration(state.session) !== generation) return noChange(machine);
  return state.session.kind === 'ticket' || context.now < machine.doubt.until
    ? verifyNow(noChange(machine))
    : renew(machine, [], context);
};
