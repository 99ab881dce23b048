import type { Problem } from '../../protocol/problem.ts';
import { noChange, transition, withEffects } from '../machine.ts';
import { activate, answerAll, beginRefresh, generationOf, leave, replaced, waitingOf } from './session-transitions.ts';
import { adopt, newer, onOverdue } from './session-refresh.ts';
import { verifyNow } from './session-verify.ts';
import { admit, hasEnded } from './token-expiry.ts';
import type {
  SessionMachine,
  SessionContext,
  SessionRecord,
  Session,
  SessionEvent,
  SessionState,
  SessionStep,
  SignedOutRecord,
} from './session-types.ts';

/** Reads the disk. The requests continue to wait. */
export const load = (machine: SessionMachine, attempt: number): SessionStep => {
  const call = machine.calls + 1;
  const starting: SessionState = {
    state: 'starting',
    call,
    attempt,
    waiting: waitingOf(machine.state),
    left: endOf(machine),
  };
  return transition({ ...machine, calls: call }, starting, { type: 'load', call });
};

/** The end that this worker knows. It stays, unless the disk has a later sign-in. */
const endOf = ({ state }: SessionMachine): SignedOutRecord | undefined => {
  if (state.state === 'starting') return state.left;
  return state.state === 'signed-out' && state.reason !== 'never' ? state : undefined;
};

/** The first read of the disk, or a retry after it was unreadable. */
export const onLoaded = (
  machine: SessionMachine,
  { call, saved, problem }: Extract<SessionEvent, { type: 'loaded' }>,
  context: SessionContext,
): SessionStep => {
  const { state } = machine;
  if (state.state === 'starting' && state.call === call) {
    const { left } = state;
    const record = left && !(saved && newer(saved, left.generation)) ? left : saved;
    // What comes from the disk is there, also after an earlier read that failed.
    return take(record === saved ? { ...machine, durability: 'disk' } : machine, record, problem, context);
  }
  if (waitsForDisk(state)) return take({ ...machine, durability: 'disk' }, saved, problem, context);
  if (saved && isSettled(machine) && isNews(saved, state)) return adopt(machine, saved, context);
  const outdone =
    saved?.state === 'signed-in' && saved.session.generation < generationOf(state) ? saved.session : undefined;
  return outdone ? onOutdone(machine, outdone) : noChange(machine);
};

/** Nothing is under way that reads or compares the disk by itself. A record that is not saved yet is newer than the disk's. */
const isSettled = ({ state, unsaved }: SessionMachine): boolean => !unsaved && SETTLED.includes(state.state);

const SETTLED: readonly SessionState['state'][] = ['active', 'degraded', 'sign-in-required', 'signed-out'];

const isNews = (saved: SessionRecord, state: SessionState): boolean =>
  saved.state === 'signed-out' && state.state === 'signed-out'
    ? saved.generation > state.generation
    : newer(saved, generationOf(state));

/** A page gave its session to this worker, so requests wait for it. A record that is not saved yet is newer than the disk's. */
export const onRestored = (machine: SessionMachine): SessionStep =>
  machine.state.state === 'signed-out' && !machine.unsaved ? load(machine, 0) : noChange(machine);

/** A worker answers nothing from knowledge that is older than the disk (invariant 13). */
export const onRecordChanged = (machine: SessionMachine): SessionStep => {
  const { state } = machine;
  // The read under way may be older than the change.
  if (state.state === 'starting') return load(machine, state.attempt);
  if (!isSettled(machine) || waitsForDisk(state)) return noChange(machine);
  const call = machine.calls + 1;
  return withEffects(noChange({ ...machine, calls: call }), { type: 'load', call });
};

/** The user signed in or out before the worker read this session. The session is over, so its tokens are revoked. */
const onOutdone = (machine: SessionMachine, session: Session): SessionStep => {
  const { state } = machine;
  if (state.state === 'signed-out' && state.reason === 'user')
    return withEffects(noChange(machine), { type: 'revoke', session });
  if (state.state !== 'establishing') return noChange(machine);
  return noChange({ ...machine, state: { ...state, former: [...state.former, ...replaced(session, state.next)] } });
};

const take = (
  machine: SessionMachine,
  saved: SessionRecord | undefined,
  problem: Problem | undefined,
  context: SessionContext,
): SessionStep => {
  if (saved?.state !== 'signed-in') {
    return leave(machine, saved ?? { state: 'signed-out', generation: 0, reason: 'never', problem });
  }
  const { session } = saved;
  const waiting = waitingOf(machine.state);
  if (hasEnded(session, context.now))
    return onOverdue({ ...machine, state: { state: 'active', session } }, session, waiting);
  const verdict = admit(session, context);
  if (!verdict) return verifyNow(beginRefresh(machine, { session, waiting }));
  if (session.refreshSentAt === undefined) return verifyNow(activate(machine, session, waiting, context));
  // The last refresh has no answer. Its new tokens may be lost, and the access token is as good as before.
  return verifyNow(withEffects(beginRefresh(machine, { session }), ...answerAll(waiting, verdict)));
};

/**
 * An unreadable store does not mean that the user is signed out: requests wait, and the worker reads it again. If it
 * stays unreadable, users can still sign in. The session is then in memory, as `durability` reports. When the store can
 * be read again, the worker uses its session.
 */
export const onLoadFailed = (
  machine: SessionMachine,
  { call, problem }: Extract<SessionEvent, { type: 'load-failed' }>,
  { now, policy }: SessionContext,
): SessionStep => {
  const { state } = machine;
  const lookAgainAt = now + policy.saveRetryMs;
  if (waitsForDisk(state)) return noChange({ ...machine, state: { ...state, problem, lookAgainAt } });
  if (state.state !== 'starting' || state.call !== call) return noChange(machine);
  const attempt = state.attempt + 1;
  if (attempt < policy.loadAttempts) {
    return noChange({ ...machine, state: { ...state, attempt, retryAt: now + policy.loadRetryMs } });
  }
  const out = state.left ?? ({ state: 'signed-out', generation: 0, reason: 'never', problem } as const);
  return lookAgain(leave({ ...machine, durability: 'memory' }, out), lookAgainAt);
};

const lookAgain = (step: SessionStep, lookAgainAt: number): SessionStep => {
  const { state } = step.machine;
  return state.state === 'signed-out'
    ? { ...step, machine: { ...step.machine, state: { ...state, lookAgainAt } } }
    : step;
};

export const readAgain = (machine: SessionMachine): SessionStep => {
  const call = machine.calls + 1;
  return withEffects(lookAgain(noChange({ ...machine, calls: call }), Infinity), { type: 'load', call });
};

export const waitsForDisk = (state: SessionState): state is SessionState & { state: 'signed-out' } =>
  state.state === 'signed-out' && state.lookAgainAt !== undefined;
