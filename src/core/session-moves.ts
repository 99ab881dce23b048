import { retryAfterOf, type Problem, type Result } from '../protocol/problem.ts';
import type { SignInNext } from '../protocol/bridge.ts';
import type { SignedOutReason } from '../protocol/snapshot.ts';
import { fullJitter } from './backoff.ts';
import { usable } from './token.ts';
import type {
  Grant,
  Machine,
  Moment,
  Saved,
  Session,
  SessionEffect,
  SessionPolicy,
  SessionState,
  Step,
  Verdict,
  Waiting,
} from './session-types.ts';

export const stay = (machine: Machine): Step => ({ machine, effects: [] });

export const go = (machine: Machine, state: SessionState, ...effects: SessionEffect[]): Step => ({
  machine: { ...machine, state },
  effects,
});

export const and = (step: Step, ...effects: SessionEffect[]): Step => ({
  machine: step.machine,
  effects: [...step.effects, ...effects],
});

export const answer = (id: string, verdict: Verdict): SessionEffect => ({ type: 'answer', id, verdict });
export const answerAll = (ids: Waiting, verdict: Verdict): SessionEffect[] => ids.map((id) => answer(id, verdict));

export const settle = (id: string | undefined, result: Result<SignInNext | null>): SessionEffect[] =>
  id === undefined ? [] : [{ type: 'settle', id, result }];

export const waitingOf = (state: SessionState): Waiting => ('waiting' in state ? state.waiting : []);
export const sessionOf = (state: SessionState): Session | undefined => ('session' in state ? state.session : undefined);

/** The highest generation this worker knows of. */
export const generationOf = (state: SessionState): number => {
  if ('next' in state) return state.next.generation;
  return 'session' in state ? state.session.generation : state.at === 'signed-out' ? state.generation : 0;
};

/** A refresh holds the lock from its first step to its last. */
export const holdsLock = (state: SessionState): boolean => state.at === 'refreshing' || state.at === 'saving';
export const release = (state: SessionState): SessionEffect[] => (holdsLock(state) ? [{ type: 'unlock' }] : []);

/** What a request gets in a session whose token is at hand. */
export const admit = (session: Session, now: number, policy: SessionPolicy): Verdict | undefined => {
  if (session.kind === 'ticket') return { go: 'bare' };
  const token = session.tokens.access;
  return usable(token, now, policy) ? { go: 'authorized', generation: session.generation, token, key: session.tokens.key } : undefined;
};

/** Opens a refresh: first the lock, so that no other worker of this origin refreshes the same token. */
export const beginRefresh = (
  machine: Machine,
  session: Session,
  access: 'good' | 'refused',
  waiting: Waiting,
  attempt: number,
): Step => {
  const call = machine.calls + 1;
  const state: SessionState = { at: 'refreshing', session, step: 'locking', call, attempt, access, waiting };
  return go({ ...machine, calls: call }, state, { type: 'lock', call });
};

/** A provider that answers without a usable token is asked again with patience, not at once. */
const ODD_ANSWER_ATTEMPT = 4;

/** The tokens are safe: everyone who waited gets them. Without a usable one, the next try is already known. */
export const activate = (machine: Machine, session: Session, waiting: Waiting, at: Moment, policy: SessionPolicy): Step => {
  const verdict = admit(session, at.now, policy);
  if (!verdict) {
    const problem: Problem = { code: 'unexpected-answer', at: 'token', status: 200, detail: 'no usable access token' };
    return degrade(machine, session, 'good', problem, waiting, ODD_ANSWER_ATTEMPT, at, policy);
  }
  return go(machine, { at: 'active', session }, ...answerAll(waiting, verdict));
};

const pause = (problem: Problem, attempt: number, { chance }: Moment, policy: SessionPolicy): number => {
  if (problem.code === 'misconfigured') return policy.misconfiguredRetryMs;
  const capMs = attempt > policy.patientAfter ? policy.patientCapMs : policy.retryCapMs;
  const own = fullJitter(attempt, { baseMs: policy.retryBaseMs, capMs }, chance);
  return Math.max(own, retryAfterOf(problem) ?? 0);
};

/** Cannot refresh now. Nothing is lost: the tokens stay, the next try is known, and nobody waits in the dark. */
export const degrade = (
  machine: Machine,
  session: Session,
  access: 'good' | 'refused',
  problem: Problem,
  waiting: Waiting,
  attempt: number,
  at: Moment,
  policy: SessionPolicy,
): Step => {
  const nextTryAt = at.now + pause(problem, attempt, at, policy);
  const verdict = (access === 'good' && admit(session, at.now, policy)) || ({ go: 'stop', problem } as const);
  const state: SessionState = { at: 'degraded', session, attempt, access, failedAt: at.now, nextTryAt, problem };
  return go(machine, state, ...answerAll(waiting, verdict));
};

/** Writes a record; what fails is written again until the disk has it (`unsaved`). */
export const save = (step: Step, record: Saved): Step => {
  const call = step.machine.calls + 1;
  return and({ ...step, machine: { ...step.machine, calls: call, unsaved: { record, call, retryAt: Infinity } } }, { type: 'save', call, record });
};

/** The only way out of a session, for one of the three reasons of invariant 2. */
export const end = (machine: Machine, reason: SignedOutReason, problem: Problem | undefined): Step => {
  const { state } = machine;
  const kind = sessionOf(state)?.kind;
  const generation = generationOf(state) + 1;
  const left = { at: 'signed-out', generation, reason, kind, problem } as const;
  const step = go({ ...machine, verifying: undefined, verifiedAt: undefined }, left, ...release(state), ...answerAll(waitingOf(state), { go: 'bare' }));
  return save(step, left);
};

/** The session that a grant makes of the one before it. */
export const succeed = (before: Session, grant: Grant): Session => {
  const refresh = grant.refresh ?? before.tokens.refresh;
  return {
    ...before,
    generation: before.generation + 1,
    tokens: { access: grant.access, refresh, key: grant.key ?? before.tokens.key },
    user: grant.user ?? before.user,
    // Without a refresh token the access token's end is the session's.
    endsAt: grant.endsAt ?? before.endsAt ?? (refresh ? undefined : grant.access?.expiresAt),
    unansweredSince: undefined,
  };
};

/** A 401 may cause a refresh only as long as the bucket holds. */
export const spendRefusal = (machine: Machine, now: number, policy: SessionPolicy): Machine | undefined => {
  const { refusals } = machine;
  const refilled = Math.floor(Math.max(0, now - refusals.at) / policy.refusalRefillMs);
  const left = Math.min(policy.refusalBurst, refusals.left + refilled);
  if (left < 1) return undefined;
  return { ...machine, refusals: { left: left - 1, at: refilled > 0 || left === policy.refusalBurst ? now : refusals.at } };
};
