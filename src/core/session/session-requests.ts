import { retryAfterOf } from '../../protocol/problem.ts';
import { noChange, withEffects } from '../machine.ts';
import {
  admit,
  answer,
  answerAll,
  beginRefresh,
  generationOf,
  sessionOf,
  spendUnauthorized,
} from './session-transitions.ts';
import { verifyNow } from './session-verify.ts';
import type { SessionMachine, SessionContext, Session, SessionState, SessionStep } from './session-types.ts';

type Degraded = SessionState & { state: 'degraded' };

/** A request of the allow-list needs a verdict: with which token, if any, it is sent. */
export const onRequest = (machine: SessionMachine, id: string, context: SessionContext): SessionStep => {
  const { state } = machine;
  switch (state.state) {
    case 'signed-out':
      return withEffects(noChange(machine), answer(id, { type: 'anonymous' }));
    case 'starting':
    case 'establishing':
      return wait(machine, state, id);
    case 'active': {
      const verdict = admit(state.session, context);
      return verdict ? { machine, effects: [answer(id, verdict)] } : beginRefresh(machine, { ...state, waiting: [id] });
    }
    case 'refreshing':
    case 'saving':
    case 'ending': {
      const verdict = state.access === 'good' ? admit(state.session, context) : undefined;
      return verdict ? withEffects(noChange(machine), answer(id, verdict)) : wait(machine, state, id);
    }
    case 'degraded':
      return onRequestDegraded(machine, state, id, context);
  }
};

const wait = (machine: SessionMachine, state: SessionState & { waiting: readonly string[] }, id: string): SessionStep =>
  noChange({ ...machine, state: { ...state, waiting: [...state.waiting, id] } as SessionState });

/** A request starts an attempt, at most one in `minTryMs`. */
const onRequestDegraded = (
  machine: SessionMachine,
  state: Degraded,
  id: string,
  context: SessionContext,
): SessionStep => {
  const verdict = state.access === 'good' ? admit(state.session, context) : undefined;
  if (verdict) return withEffects(noChange(machine), answer(id, verdict));
  if (mayTry(state, context)) return beginRefresh(machine, { ...state, waiting: [id] });
  return withEffects(noChange(machine), answer(id, { type: 'fail', problem: state.problem }));
};

/** Requests do not shorten the server's `Retry-After`, or the pause of a misconfigured client. */
export const isHeldOff = ({ problem, nextTryAt }: Degraded, { now }: SessionContext): boolean =>
  now < nextTryAt && (problem.code === 'misconfigured' || retryAfterOf(problem) !== undefined);

/** Whether an attempt may start now. It may shorten the machine's own backoff, but no pause of the server. */
export const mayTry = (state: Degraded, context: SessionContext): boolean => {
  const since = context.now - state.failedAt;
  return (
    context.now >= state.nextTryAt || (!isHeldOff(state, context) && (since >= context.policy.minTryMs || since < 0))
  );
};

/** The server answered a request with 401. */
export const onRefused = (
  machine: SessionMachine,
  id: string,
  generation: number,
  context: SessionContext,
): SessionStep => {
  const { state } = machine;
  if (state.state === 'signed-out') return withEffects(noChange(machine), answer(id, { type: 'passThrough' }));
  // A 401 for an older token does not concern the newer token, which the request is sent with again (invariant 5).
  if ((sessionOf(state)?.generation ?? generationOf(state)) > generation) return onRequest(machine, id, context);
  if (state.state === 'degraded') return onRefusedDegraded(machine, state, id, context);
  if (state.state !== 'active') return onWaitRefused(machine, state, id);
  // A cookie session has no token to renew: the page gets the 401, and the worker verifies the session.
  if (state.session.kind === 'ticket')
    return withEffects(verifyNow(noChange(machine)), answer(id, { type: 'passThrough' }));
  return refreshRefused(machine, state.session, [id], context);
};

const onRefusedDegraded = (
  machine: SessionMachine,
  state: Degraded,
  id: string,
  context: SessionContext,
): SessionStep => {
  if (mayTry(state, context)) return beginRefresh(machine, { ...state, access: 'refused', waiting: [id] });
  return {
    machine: { ...machine, state: { ...state, access: 'refused' } },
    effects: [answer(id, { type: 'fail', problem: state.problem })],
  };
};

const onWaitRefused = (
  machine: SessionMachine,
  state: Exclude<SessionState, { state: 'signed-out' | 'active' | 'degraded' }>,
  id: string,
): SessionStep => ('access' in state ? wait(machine, { ...state, access: 'refused' }, id) : wait(machine, state, id));

const refreshRefused = (
  machine: SessionMachine,
  session: Session,
  waiting: readonly string[],
  context: SessionContext,
): SessionStep => {
  const spent = session.tokens.refresh ? spendUnauthorized(machine, context) : undefined;
  return spent
    ? beginRefresh(spent, { session, access: 'refused', waiting })
    : { machine, effects: answerAll(waiting, { type: 'passThrough' }) };
};

/** The only effect of a socket on the session: it starts a refresh or verification, and ends nothing (invariant 8). */
export const onSuspected = (machine: SessionMachine, generation: number, context: SessionContext): SessionStep => {
  const { state } = machine;
  if (state.state !== 'active' || state.session.generation !== generation) return noChange(machine);
  return state.session.kind === 'ticket'
    ? verifyNow(noChange(machine))
    : refreshRefused(machine, state.session, [], context);
};
