import { ok, type Problem } from '../protocol/problem.ts';
import { activate, admit, and, answerAll, beginRefresh, end, go, save, settle, stay, waitingOf } from './session-moves.ts';
import { adopt, ask, onGrantFailed, onGranted, onKept, onLocked, onRecordFailed } from './session-refresh.ts';
import { mayTry, onRefused, onRequest, onSuspected } from './session-requests.ts';
import { onEstablishSuperseded, onSignIn, onSignInAnswer, onSignOut } from './session-sign-in.ts';
import { onVerify, verifyNow } from './session-verify.ts';
import { hasEnded, renewIsDue } from './token.ts';
import {
  SESSION_POLICY,
  type Machine,
  type Moment,
  type Saved,
  type Session,
  type SessionEvent,
  type SessionPolicy,
  type SessionState,
  type Step,
} from './session-types.ts';

/*
 * The session. What must hold, whatever happens in whatever order (numbers are the design's invariants):
 *
 *  1. At most one refresh is in flight; it is opened by taking the origin's lock.
 *  2. It ends for three reasons only: the user, `invalid_grant` for the current token, the declared lifetime.
 *     Every way out goes through `end`, or adopts an end that another worker wrote to the disk.
 *  3. No token is given out before the disk has it, unless the disk fails; then `durability` says so.
 *  4. Every request that arrives is answered exactly once.
 *  5. A 401 for an older token is answered with the newer token, without a refresh.
 *  9. When the world heals, the session is active again by itself.
 * 12. A refresh whose answer was lost is sent again with the same token; the disk knows that it was sent.
 */

export const initialMachine: Machine = {
  state: { at: 'starting', call: 0, attempt: 0, waiting: [] },
  signIn: undefined,
  verifying: undefined,
  verifiedAt: undefined,
  durability: 'disk',
  unsaved: undefined,
  refusals: { left: SESSION_POLICY.refusalBurst, at: 0 },
  calls: 0,
};

/** The only function that decides anything about a session. Pure: the same arguments, the same answer. */
export const stepSession = (machine: Machine, event: SessionEvent, at: Moment, policy: SessionPolicy): Step => {
  const { state } = machine;
  switch (event.type) {
    case 'started':
      return load(machine, 0);
    case 'loaded':
      return state.at === 'starting' && state.call === event.call
        ? onLoaded(machine, event.saved, event.problem, at, policy)
        : onLateLoad(machine, event.saved, event.problem, at, policy);
    case 'load-failed':
      return state.at === 'starting' && state.call === event.call ? onLoadFailed(machine, state, event.problem, at, policy) : stay(machine);
    case 'request':
      return onRequest(machine, event.id, at, policy);
    case 'refused':
      return onRefused(machine, event.id, event.generation, at, policy);
    case 'abandoned':
      return 'waiting' in state ? stay({ ...machine, state: { ...state, waiting: state.waiting.filter((id) => id !== event.id) } }) : stay(machine);
    case 'locked':
    case 'saved':
    case 'save-failed':
    case 'superseded':
    case 'granted':
    case 'grant-failed':
      return onAnswer(machine, event, at, policy);
    case 'verified':
    case 'verify-failed':
      return onVerify(machine, event, at);
    case 'tick':
      return onTick(machine, at, policy);
    case 'nudge':
      return onNudge(machine, event.cause, at, policy);
    case 'tab-arrived':
      return onTabArrived(machine, at, policy);
    case 'restored':
      return state.at === 'signed-out' && state.reason === 'never' ? load(machine, 0) : stay(machine);
    case 'suspected':
      return onSuspected(machine, event.generation, at, policy);
    case 'sign-in':
      return onSignIn(machine, event.id, event.order);
    case 'sign-in-redirect':
    case 'signed-in':
    case 'sign-in-failed':
      return onSignInAnswer(machine, event, at);
    case 'sign-out':
      return onSignOut(machine, event.id);
  }
};

// ---- starting

const load = (machine: Machine, attempt: number): Step => {
  const call = machine.calls + 1;
  return go({ ...machine, calls: call }, { at: 'starting', call, attempt, waiting: waitingOf(machine.state) }, { type: 'load', call });
};

const onLoaded = (machine: Machine, saved: Saved | undefined, problem: Problem | undefined, at: Moment, policy: SessionPolicy): Step => {
  const waiting = waitingOf(machine.state);
  if (saved?.at !== 'session') {
    const out = saved ?? ({ at: 'signed-out', generation: 0, reason: 'never', problem } as const);
    return go(machine, out, ...answerAll(waiting, { go: 'bare' }));
  }
  const { session } = saved;
  if (hasEnded(session, at.now)) {
    const here: Machine = { ...machine, state: { at: 'active', session } };
    return and(endOfLife(here, session), ...answerAll(waiting, { go: 'bare' }));
  }
  const proceed =
    session.unansweredSince === undefined && (admit(session, at.now, policy) !== undefined)
      ? activate(machine, session, waiting, at, policy)
      : beginRefresh(machine, session, 'good', waiting, 0);
  return verifyNow(proceed);
};

/**
 * An unreadable store is not a signed-out user: everyone waits and it is read again. If it stays unreadable, people
 * must be able to sign in all the same (in memory, and said so); the disk's session is taken up should it come back.
 */
const onLoadFailed = (machine: Machine, state: SessionState & { at: 'starting' }, problem: Problem, { now }: Moment, policy: SessionPolicy): Step => {
  const attempt = state.attempt + 1;
  if (attempt < policy.loadAttempts) return stay({ ...machine, state: { ...state, attempt, retryAt: now + policy.loadRetryMs } });
  const out: SessionState = { at: 'signed-out', generation: 0, reason: 'never', problem };
  const step = go({ ...machine, durability: 'memory' }, out, ...answerAll(state.waiting, { go: 'bare' }));
  return and(step, { type: 'load', call: state.call });
};

/** The answer to that last, patient read. */
const onLateLoad = (machine: Machine, saved: Saved | undefined, problem: Problem | undefined, at: Moment, policy: SessionPolicy): Step => {
  return waitsForDisk(machine) ? onLoaded({ ...machine, durability: 'disk' }, saved, problem, at, policy) : stay(machine);
};

const waitsForDisk = ({ state, durability }: Machine): boolean =>
  state.at === 'signed-out' && state.reason === 'never' && state.generation === 0 && durability === 'memory';

// ---- answers of the refresh and of the disk

type Answer = Extract<SessionEvent, { type: 'locked' | 'saved' | 'save-failed' | 'superseded' | 'granted' | 'grant-failed' }>;

const onAnswer = (machine: Machine, event: Answer, at: Moment, policy: SessionPolicy): Step => {
  const { state } = machine;
  if (machine.unsaved?.call === event.call) return onUnsavedAnswer(machine, event, at, policy);
  if (!('call' in state) || state.call !== event.call) return stay(machine);
  if (event.type === 'superseded') {
    return state.at === 'establishing' ? onEstablishSuperseded(machine, state, event.saved) : adopt(machine, event.saved, at, policy);
  }
  if (state.at === 'refreshing') return onRefreshAnswer(machine, state, event, at, policy);
  if (state.at === 'starting') return stay(machine);
  if (event.type !== 'saved' && event.type !== 'save-failed') return stay(machine);
  const step = onKept(machine, state, event.type === 'saved' ? undefined : event.problem, at, policy);
  return state.at === 'establishing' ? verifyNow(and(step, ...settle(state.id, ok({ type: 'signed-in' })))) : step;
};

const onRefreshAnswer = (machine: Machine, state: SessionState & { at: 'refreshing' }, event: Answer, at: Moment, policy: SessionPolicy): Step => {
  switch (state.step) {
    case 'locking':
      return event.type === 'locked' ? onLocked(machine, state, event.saved, at, policy) : stay(machine);
    case 'recording':
      if (event.type === 'saved') return ask(machine, state);
      return event.type === 'save-failed' ? onRecordFailed(machine, state, event.problem, at, policy) : stay(machine);
    case 'asking':
      if (event.type === 'granted') return onGranted(machine, state, event.grant);
      return event.type === 'grant-failed' ? onGrantFailed(machine, state, event.problem, event.unanswered, at, policy) : stay(machine);
  }
};

const onUnsavedAnswer = (machine: Machine, event: Answer, { now, chance }: Moment, policy: SessionPolicy): Step => {
  if (event.type === 'saved') return stay({ ...machine, unsaved: undefined, durability: 'disk' });
  if (event.type === 'superseded') return onUnsavedSuperseded(machine, event.saved, { now, chance }, policy);
  if (event.type !== 'save-failed' || !machine.unsaved) return stay(machine);
  return stay({ ...machine, unsaved: { ...machine.unsaved, retryAt: now + policy.saveRetryMs }, durability: 'memory' });
};

/** A person's sign-out outdoes whatever another worker wrote meanwhile; every other end was about an older token. */
const onUnsavedSuperseded = (machine: Machine, saved: Saved, at: Moment, policy: SessionPolicy): Step => {
  const record = machine.unsaved?.record;
  if (record?.at !== 'signed-out' || record.reason !== 'user' || saved.at !== 'session') return adopt(machine, saved, at, policy);
  const left = { ...record, generation: saved.session.generation + 1 };
  return save(go(machine, left, { type: 'revoke', session: saved.session }), left);
};

// ---- time and the world

const endOfLife = (machine: Machine, session: Session): Step =>
  end(machine, 'expired', { code: 'lifetime-over', endedAt: session.endsAt ?? 0 });

const onTick = (machine: Machine, at: Moment, policy: SessionPolicy): Step => {
  const { state, unsaved } = machine;
  if (unsaved && at.now >= unsaved.retryAt) {
    return { machine: { ...machine, unsaved: { ...unsaved, retryAt: Infinity } }, effects: [{ type: 'save', call: unsaved.call, record: unsaved.record }] };
  }
  if (state.at === 'starting') return state.retryAt !== undefined && at.now >= state.retryAt ? load(machine, state.attempt) : stay(machine);
  if (state.at !== 'active' && state.at !== 'degraded') return stay(machine);
  if (hasEnded(state.session, at.now)) return endOfLife(machine, state.session);
  if (state.at === 'degraded') return at.now >= state.nextTryAt ? beginRefresh(machine, state.session, state.access, [], state.attempt) : stay(machine);
  return renewIsDue(state.session, at.now, policy) ? beginRefresh(machine, state.session, 'good', [], 0) : stay(machine);
};

const onNudge = (machine: Machine, cause: 'online' | 'visible' | 'thaw' | 'user', at: Moment, policy: SessionPolicy): Step => {
  const { state } = machine;
  if (state.at === 'starting' && state.retryAt !== undefined) return load(machine, state.attempt);
  if (waitsForDisk(machine)) return { machine, effects: [{ type: 'load', call: machine.calls }] };
  if (state.at === 'degraded') {
    const now = cause === 'user' || cause === 'online' || mayTry(state, at, policy);
    return now ? beginRefresh(machine, state.session, state.access, [], state.attempt) : stay(machine);
  }
  const step = onTick(machine, at, policy);
  const stale = at.now - (machine.verifiedAt ?? -Infinity) >= policy.verifyAgainMs || cause === 'user';
  return step.machine === machine && stale ? verifyNow(step) : step;
};

/** A page came, or came back: only the backend's word proves to it that the session is there (design, bug 1). */
const onTabArrived = (machine: Machine, at: Moment, policy: SessionPolicy): Step => {
  const { state } = machine;
  if (state.at === 'degraded' && mayTry(state, at, policy)) return verifyNow(beginRefresh(machine, state.session, state.access, [], state.attempt));
  return verifyNow(stay(machine));
};

