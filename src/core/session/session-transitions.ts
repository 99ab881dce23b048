import { retryAfterOf, type Problem, type Result } from '../../protocol/problem.ts';
import type { SignInNext } from '../../protocol/bridge/calls.ts';
import type { SignedOutReason } from '../../protocol/snapshot.ts';
import { retryDelay } from '../../protocol/timing/backoff.ts';
import { transition } from '../machine.ts';
import { usable } from './token-expiry.ts';
import type {
  AccessTokenState,
  TokenResponse,
  SessionMachine,
  SessionContext,
  SessionRecord,
  Session,
  SessionEffect,
  SessionState,
  SessionStep,
  SignedOutRecord,
  Verdict,
  Waiting,
} from './session-types.ts';

export const answer = (id: string, verdict: Verdict): SessionEffect => ({ type: 'answer', id, verdict });
export const answerAll = (ids: Waiting, verdict: Verdict): SessionEffect[] => ids.map((id) => answer(id, verdict));

export const settle = (id: string | undefined, result: Result<SignInNext | null>): SessionEffect[] =>
  id === undefined ? [] : [{ type: 'settle', id, result }];

export const waitingOf = (state: SessionState): Waiting => ('waiting' in state ? state.waiting : []);
export const sessionOf = (state: SessionState): Session | undefined => ('session' in state ? state.session : undefined);

/** The session with the newest tokens, on disk or not. A revocation needs these. */
export const latestOf = (state: SessionState): Session | undefined => ('next' in state ? state.next : sessionOf(state));

/** The highest generation this worker knows of. */
export const generationOf = (state: SessionState): number => {
  if ('next' in state) return state.next.generation;
  return 'session' in state ? state.session.generation : state.state === 'signed-out' ? state.generation : 0;
};

/**
 * A refresh increments the generation by one. A sign-in or sign-out sets it to the current time, at least 16 higher. So
 * it wins over refreshes in other workers, and over a session on a disk that was unreadable.
 */
const USER_ACTION_STEP = 16;
export const generationAfterSignIn = (generation: number, now: number): number =>
  Math.max(generation + USER_ACTION_STEP, now);

/** Of a concurrent sign-in and sign-out in two workers, the sign-out wins. */
export const generationAfterSignOut = (generation: number, now: number): number =>
  generationAfterSignIn(generation, now) + USER_ACTION_STEP / 2;

/** A refresh holds the lock from its first step to its last. */
export const holdsLock = ({ state }: SessionState): boolean =>
  state === 'refreshing' || state === 'saving' || state === 'ending';
export const release = (state: SessionState): SessionEffect[] => (holdsLock(state) ? [{ type: 'unlock' }] : []);

/** The verdict if the token can be sent now. A token that cannot be renewed is sent even after its expiry. */
export const admit = (session: Session, { now, policy }: SessionContext): Verdict | undefined => {
  const { access, refresh } = session.tokens;
  return usable(access, now, policy) || refresh === undefined || session.kind === 'ticket'
    ? verdictOf(session)
    : undefined;
};

/** The verdict with the current token, without a look at its expiry. */
const verdictOf = ({ kind, generation, tokens }: Session): Verdict | undefined => {
  if (kind === 'ticket') return { type: 'anonymous' };
  return tokens.access && { type: 'authorized', generation, token: tokens.access, key: tokens.key };
};

/** One attempt to refresh: `attempt` counts the failures before it, `waiting` the requests that wait for its result. */
type RefreshAttempt = { session: Session; access: AccessTokenState; waiting: Waiting; attempt: number };

/** Starts a refresh with the lock, so that no other worker of this origin refreshes the same token. */
export const beginRefresh = (
  machine: SessionMachine,
  { session, access = 'good', waiting = [], attempt = 0 }: Pick<RefreshAttempt, 'session'> & Partial<RefreshAttempt>,
): SessionStep => {
  const call = machine.calls + 1;
  const state: SessionState = { state: 'refreshing', session, step: 'locking', call, attempt, access, waiting };
  return transition({ ...machine, calls: call }, state, { type: 'lock', call });
};

/** The backoff after an answer without a usable token starts at this attempt, because the provider does answer. */
const UNUSABLE_ANSWER_ATTEMPT = 4;

const UNUSABLE_ANSWER: Problem = {
  code: 'unexpected-answer',
  at: 'token',
  status: 200,
  detail: 'no usable access token',
};

/** The tokens are saved, so each request that waited gets them. */
export const activate = (
  machine: SessionMachine,
  session: Session,
  waiting: Waiting,
  context: SessionContext,
): SessionStep => {
  const verdict = verdictOf(session);
  if (!verdict) return degradeWithoutToken(machine, { session, access: 'good', waiting, attempt: 0 }, context);
  return transition(machine, { state: 'active', session }, ...answerAll(waiting, verdict));
};

/** The refresh token is saved, but there is no new access token. */
export const degradeWithoutToken = (
  machine: SessionMachine,
  attempted: RefreshAttempt,
  context: SessionContext,
): SessionStep => {
  const attempt = Math.max(attempted.attempt, UNUSABLE_ANSWER_ATTEMPT - 1);
  return enterDegraded(machine, { ...attempted, attempt }, UNUSABLE_ANSWER, context);
};

const refreshDelay = (problem: Problem, attempt: number, { chance, policy }: SessionContext): number => {
  if (problem.code === 'misconfigured') return policy.misconfiguredRetryMs;
  const capMs = attempt > policy.patientAfter ? policy.patientCapMs : policy.retryCapMs;
  return retryDelay(attempt, { baseMs: policy.retryBaseMs, capMs }, chance, retryAfterOf(problem));
};

/** The refresh failed. The tokens stay, the next attempt is scheduled, and the waiting requests get an answer. */
export const enterDegraded = (
  machine: SessionMachine,
  { session, access, waiting, attempt: failed }: RefreshAttempt,
  problem: Problem,
  context: SessionContext,
): SessionStep => {
  const { now } = context;
  const attempt = failed + 1;
  const nextTryAt = now + refreshDelay(problem, attempt, context);
  const verdict = (access === 'good' && admit(session, context)) || ({ type: 'fail', problem } as const);
  const state: SessionState = { state: 'degraded', session, attempt, access, failedAt: now, nextTryAt, problem };
  return transition(machine, state, ...answerAll(waiting, verdict));
};

/** Writes a record. A failed write is repeated until it succeeds (`unsaved`). */
export const save = ({ machine, effects }: SessionStep, record: SessionRecord, ids: Waiting = []): SessionStep => {
  const call = machine.calls + 1;
  const unsaved = { record, call, retryAt: Infinity, ids };
  return { machine: { ...machine, calls: call, unsaved }, effects: [...effects, { type: 'save', call, record }] };
};

/** A sign-out call settles after the write succeeds or fails, so that no restart restores the session. */
export const settleUnsaved = ({ unsaved }: SessionMachine, result: Result<null>): SessionEffect[] =>
  (unsaved?.ids ?? []).flatMap((id) => settle(id, result));

/** The only way to end a session, for one of the three reasons of invariant 2. */
export const end = (machine: SessionMachine, left: SignedOutRecord, ids: Waiting = []): SessionStep =>
  save(leave(machine, left), left, [...(machine.unsaved?.ids ?? []), ...ids]);

/** Leaves the session without a write, because the disk has the end already. */
export const leave = (machine: SessionMachine, left: SignedOutRecord): SessionStep => {
  const { state } = machine;
  const proofless: SessionMachine = { ...machine, unsaved: undefined, verifying: undefined, verifiedAt: undefined };
  return transition(proofless, left, ...release(state), ...answerAll(waitingOf(state), { type: 'anonymous' }));
};

/** The record has the generation that it ends, so that it never replaces a later session. */
export const signedOutRecord = (
  state: SessionState,
  reason: SignedOutReason,
  problem: Problem | undefined,
): SignedOutRecord => ({
  state: 'signed-out',
  generation: generationOf(state),
  reason,
  kind: latestOf(state)?.kind,
  problem,
});

/** The session after a token response. A response without an access token keeps the old one. */
export const applyGrant = (before: Session, grant: TokenResponse, now: number): Session => {
  const refresh = grant.refresh ?? before.tokens.refresh;
  const access = grant.access ?? before.tokens.access;
  const declared = grant.endsAt ?? before.endsAt;
  return {
    ...before,
    generation: before.generation + 1,
    tokens: {
      access,
      refresh,
      key: grant.key ?? before.tokens.key,
      subject: grant.subject ?? before.tokens.subject,
      endSession: grant.endSession ?? before.tokens.endSession,
    },
    user: grant.user ?? before.user,
    // Without a refresh token, the session ends with the access token. A token response proves that the declared
    // lifetime is not over, even if this clock disagrees.
    endsAt: refresh === undefined ? access?.expiresAt : declared !== undefined && declared > now ? declared : undefined,
    refreshSentAt: undefined,
  };
};

/** The session to revoke. A second `ticket` sign-in replaced the cookie, so a revocation of the first would end it. */
export const replaced = (former: Session | undefined, next: Session): readonly Session[] =>
  former && !(former.kind === 'ticket' && next.kind === 'ticket') ? [former] : [];

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
