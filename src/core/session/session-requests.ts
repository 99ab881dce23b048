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

/** A request of the allow-list arrived and wants to know how to go. */
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

/** A request is a reason to try now, but not more often than every `minTryMs`. */
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

/** A pause that the server asked for is kept by everyone, and so is the one before a misconfigured client asks again. */
export const isHeldOff = ({ problem, nextTryAt }: Degraded, { now }: SessionContext): boolean =>
  now < nextTryAt && (problem.code === 'misconfigured' || retryAfterOf(problem) !== undefined);

/** Our own backoff gives way to someone who waits. */
export const mayTry = (state: Degraded, context: SessionContext): boolean => {
  const since = context.now - state.failedAt;
  return (
    context.now >= state.nextTryAt || (!isHeldOff(state, context) && (since >= context.policy.minTryMs || since < 0))
  );
};

/** A request was answered with 401. */
export const onRefused = (
  machine: SessionMachine,
  id: string,
  generation: number,
  context: SessionContext,
): SessionStep => {
  const { state } = machine;
  if (state.state === 'signed-out') return withEffects(noChange(machine), answer(id, { type: 'passThrough' }));
  // A 401 for an older token is old news: the newer one answers it (invariant 5).
  if ((sessionOf(state)?.generation ?? generationOf(state)) > generation) return onRequest(machine, id, context);
  if (state.state === 'degraded') return onRefusedDegraded(machine, state, id, context);
  if (state.state !== 'active') return onWaitRefused(machine, state, id);
  // The `ticket` kind has no token to renew: the 401 is the answer, and the backend is asked whether the session stands.
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

/** Invariant 8: the most a socket can do. A look at the token, never an end. */
export const onSuspected = (machine: SessionMachine, generation: number, context: SessionContext): SessionStep => {
  const { state } = machine;
  if (state.state !== 'active' || state.session.generation !== generation) return noChange(machine);
  return state.session.kind === 'ticket'
    ? verifyNow(noChange(machine))
    : refreshRefused(machine, state.session, [], context);
};
