import type { Problem } from '../../protocol/problem.ts';
import {
  activate,
  admit,
  and,
  beginRefresh,
  generationOf,
  go,
  leave,
  replaced,
  stay,
  waitingOf,
} from './session-transitions.ts';
import { newer, onOverdue } from './session-refresh.ts';
import { verifyNow } from './session-verify.ts';
import { hasEnded } from './token-expiry.ts';
import type {
  Machine,
  Moment,
  Saved,
  Session,
  SessionEvent,
  SessionPolicy,
  SessionState,
  Step,
  Tombstone,
} from './session-types.ts';

/** Reads the disk; who waits goes on waiting. */
export const load = (machine: Machine, attempt: number): Step => {
  const call = machine.calls + 1;
  const starting: SessionState = {
    at: 'starting',
    call,
    attempt,
    waiting: waitingOf(machine.state),
    left: endOf(machine),
  };
  return go({ ...machine, calls: call }, starting, { type: 'load', call });
};

/** An end that this worker knows of stays one, unless the disk tells of a sign-in after it. */
const endOf = ({ state }: Machine): Tombstone | undefined => {
  if (state.at === 'starting') return state.left;
  return state.at === 'signed-out' && state.reason !== 'never' ? state : undefined;
};

/** What the disk said: to the first question, or to one that was asked again because nobody could read it before. */
export const onLoaded = (
  machine: Machine,
  { call, saved, problem }: Extract<SessionEvent, { type: 'loaded' }>,
  at: Moment,
  policy: SessionPolicy,
): Step => {
  const { state } = machine;
  if (state.at === 'starting' && state.call === call) {
    const { left } = state;
    const told = left && !(saved && newer(saved, left.generation)) ? left : saved;
    return take(machine, told, problem, at, policy);
  }
  if (waitsForDisk(state)) return take({ ...machine, durability: 'disk' }, saved, problem, at, policy);
  const outdone = saved?.at === 'session' && saved.session.generation < generationOf(state) ? saved.session : undefined;
  return outdone ? onOutdone(machine, outdone) : stay(machine);
};

/** A person signed in or out before this session was read: it will not be there any more, and must not live on. */
const onOutdone = (machine: Machine, session: Session): Step => {
  const { state } = machine;
  if (state.at === 'signed-out' && state.reason === 'user') return and(stay(machine), { type: 'revoke', session });
  if (state.at !== 'establishing') return stay(machine);
  return stay({ ...machine, state: { ...state, former: [...state.former, ...replaced(session, state.next)] } });
};

const take = (
  machine: Machine,
  saved: Saved | undefined,
  problem: Problem | undefined,
  at: Moment,
  policy: SessionPolicy,
): Step => {
  if (saved?.at !== 'session') {
    return leave(machine, saved ?? { at: 'signed-out', generation: 0, reason: 'never', problem });
  }
  const { session } = saved;
  const waiting = waitingOf(machine.state);
  if (hasEnded(session, at.now)) return onOverdue({ ...machine, state: { at: 'active', session } }, session, waiting);
  const known = session.unansweredSince === undefined && admit(session, at.now, policy) !== undefined;
  const step = known
    ? activate(machine, session, waiting, at, policy)
    : beginRefresh(machine, session, 'good', waiting, 0);
  return verifyNow(step);
};

/**
 * An unreadable store is not a signed-out user: everyone waits and it is read again. If it stays unreadable, people
 * must be able to sign in all the same (in memory, and said so); the disk's session is taken up should it come back.
 */
export const onLoadFailed = (
  machine: Machine,
  { call, problem }: Extract<SessionEvent, { type: 'load-failed' }>,
  { now }: Moment,
  policy: SessionPolicy,
): Step => {
  const { state } = machine;
  const lookAgainAt = now + policy.saveRetryMs;
  if (waitsForDisk(state)) return stay({ ...machine, state: { ...state, problem, lookAgainAt } });
  if (state.at !== 'starting' || state.call !== call) return stay(machine);
  const attempt = state.attempt + 1;
  if (attempt < policy.loadAttempts) {
    return stay({ ...machine, state: { ...state, attempt, retryAt: now + policy.loadRetryMs } });
  }
  const out = state.left ?? ({ at: 'signed-out', generation: 0, reason: 'never', problem } as const);
  return lookAgain(leave({ ...machine, durability: 'memory' }, out), lookAgainAt);
};

const lookAgain = (step: Step, lookAgainAt: number): Step => {
  const { state } = step.machine;
  return state.at === 'signed-out' ? { ...step, machine: { ...step.machine, state: { ...state, lookAgainAt } } } : step;
};

export const readAgain = (machine: Machine): Step => {
  const call = machine.calls + 1;
  return and(lookAgain(stay({ ...machine, calls: call }), Infinity), { type: 'load', call });
};

export const waitsForDisk = (state: SessionState): state is SessionState & { at: 'signed-out' } =>
  state.at === 'signed-out' && state.lookAgainAt !== undefined;
