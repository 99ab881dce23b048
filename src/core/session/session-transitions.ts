import { retryAfterOf, type Problem, type Result } from '../../protocol/problem.ts';
import { refusalPause } from '../refusal.ts';
import type { SignInNext } from '../../protocol/bridge/calls.ts';
import type { SignedOutReason } from '../../protocol/snapshot.ts';
import { retryDelay } from '../../protocol/timing/backoff.ts';
import { transition } from '../machine.ts';
import { tokenGeneration, tokenVerdict } from './token-expiry.ts';
import type {
  AccessToken,
  Failed,
  RefreshFailure,
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
  VerifyState,
  Waiting,
} from './session-types.ts';
import type { SessionPolicy } from '../session-policy.ts';

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

/** One attempt to refresh: the failure before it, if any, and the requests that wait for its result. */
type RefreshAttempt = {
  session: Session;
  waiting: Waiting;
  failed?: Failed | undefined;
  leastAttempt?: number;
  resource?: string | undefined;
};

/** Starts a refresh with the lock, so that no other worker of this origin refreshes the same token. */
export const beginRefresh = (
  machine: SessionMachine,
  { session, waiting = [], failed: before, resource }: Pick<RefreshAttempt, 'session'> & Partial<RefreshAttempt>,
): SessionStep => {
  const call = machine.calls + 1;
  const state: SessionState = {
    state: 'refreshing',
    session,
    step: 'locking',
    call,
    failed: before,
    waiting,
    resource,
  };
  return transition({ ...machine, calls: call }, state, { type: 'lock', call });
};

/** The next attempt after a failure. */
export const retryRefresh = (machine: SessionMachine, state: SessionState & Failed, ids: Waiting = []): SessionStep => {
  const { session, attempt, failedAt, nextTryAt, problem, refusals } = state;
  const before: Failed = { state: state.state, attempt, failedAt, nextTryAt, problem, refusals };
  return beginRefresh(machine, { session, waiting: [...waitingOf(state), ...ids], failed: before });
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
  const verdict = tokenVerdict(session);
  if (!verdict) return degradeWithoutToken(machine, { session, waiting }, context);
  return transition(machine, { state: 'active', session }, ...answerAll(waiting, verdict));
};

/** The refresh token is saved, but there is no new access token. */
export const degradeWithoutToken = (
  machine: SessionMachine,
  attempted: RefreshAttempt,
  context: SessionContext,
): SessionStep =>
  enterFailed(machine, { ...attempted, leastAttempt: UNUSABLE_ANSWER_ATTEMPT }, UNUSABLE_ANSWER, context);

const refreshDelay = (problem: Problem, attempt: number, { chance, policy }: SessionContext): number => {
  if (problem.code === 'misconfigured') return policy.misconfiguredRetryMs;
  const capMs = attempt > policy.patientAfter ? policy.patientCapMs : policy.retryCapMs;
  const delay = retryDelay(attempt, { baseMs: policy.retryBaseMs, capMs }, chance, retryAfterOf(problem));
  return Math.max(delay, refusalPause(problem, attempt, policy));
};

/** A clock that was set back starts the count again. */
const refusalsAfter = (before: Failed | undefined, problem: Problem, now: number): RefreshFailure['refusals'] => {
  if (problem.code !== 'refresh-refused') return undefined;
  const { count, since } = before?.refusals ?? { count: 0, since: now };
  return since > now ? { count: 1, since: now } : { count: count + 1, since };
};

/** The provider says that it needs the person. Or it refuses again and again while it plainly answers. */
const personProblem = (
  problem: Problem,
  refusals: RefreshFailure['refusals'],
  { now, policy }: SessionContext,
): Problem | undefined => {
  if (problem.code === 'sign-in-required') return problem;
  if (problem.code !== 'refresh-refused' || !refusals) return undefined;
  const isEnough = refusals.count >= policy.refusalTries && now - refusals.since >= policy.refusalMs;
  return isEnough ? { code: 'sign-in-required', at: problem.at, status: problem.status } : undefined;
};

/**
 * The refresh failed. The tokens stay, and the next attempt is scheduled. The waiting requests wait on, if the attempt comes
 * within their patience.
 */
export const enterFailed = (
  machine: SessionMachine,
  { session, waiting, failed: before, leastAttempt = 1 }: RefreshAttempt,
  reported: Problem,
  context: SessionContext,
): SessionStep => {
  const { now, policy } = context;
  const attempt = Math.max((before?.attempt ?? 0) + 1, leastAttempt);
  const refusals = refusalsAfter(before, reported, now);
  const person = personProblem(reported, refusals, context);
  if (person) return requirePerson(machine, { session, waiting, attempt, refusals }, person, context);
  const nextTryAt = now + refreshDelay(reported, attempt, context);
  const failure: RefreshFailure = { attempt, failedAt: now, nextTryAt, problem: reported, refusals };
  if (!isHopeless(failure, now, policy))
    return transition(machine, { state: 'degraded', session, waiting, ...failure });
  const fail = answerAll(waiting, { type: 'fail', problem: reported });
  return transition(machine, { state: 'degraded', session, waiting: [], ...failure }, ...fail);
};

/** No attempt within a request's patience: it would wait for nothing. Offline, a page expects its answer at once. */
export const isHopeless = ({ nextTryAt, problem }: RefreshFailure, now: number, policy: SessionPolicy): boolean =>
  nextTryAt - now > policy.patienceMs || (problem.code === 'network-unreachable' && problem.offline === true);

/** Only the person can continue this session. No request waits for that, and the machine tries again every few minutes. */
export const requirePerson = (
  machine: SessionMachine,
  { session, waiting, attempt, refusals }: RefreshAttempt & Pick<RefreshFailure, 'attempt' | 'refusals'>,
  problem: Problem,
  { now, policy }: SessionContext,
): SessionStep => {
  const nextTryAt = now + policy.personRetryMs;
  const failure: RefreshFailure = { attempt, failedAt: now, nextTryAt, problem, refusals };
  return transition(
    machine,
    { state: 'sign-in-required', session, ...failure },
    ...answerAll(waiting, { type: 'fail', problem }),
  );
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
  const checks = answerAll(checksOf(machine.verifying), { type: 'passThrough' });
  const anonymous = answerAll(waitingOf(state), { type: 'anonymous' });
  return transition(withoutProof(machine), left, ...release(state), ...anonymous, ...checks);
};

/** Nothing that the backend said of a former session holds for another one. */
export const withoutProof = (machine: SessionMachine): SessionMachine => ({
  ...machine,
  unsaved: undefined,
  verifying: undefined,
  verifiedAt: undefined,
  provenGeneration: undefined,
  refusedProblem: undefined,
  resourcePauses: {},
});

/** The requests whose 401 a verification judges. */
export const checksOf = (verifying: VerifyState): Waiting =>
  verifying?.state === 'pending' ? [...verifying.checks, ...verifying.late] : [];

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

/** The access tokens after a response for one resource, or for the session itself. Each knows the generation it came with. */
const accessAfter = (
  before: Session,
  { access }: TokenResponse,
  resource: string | undefined,
): Pick<Session['tokens'], 'access' | 'resources'> => {
  const { tokens } = before;
  if (resource === undefined) return { access: access ?? tokens.access, resources: tokens.resources };
  const own = tokens.access && { ...tokens.access, generation: tokenGeneration(before) };
  const granted = access && { [resource]: { ...access, generation: before.generation + 1 } };
  return { access: own, resources: { ...tokens.resources, ...granted } };
};

/**
 * The session after a token response. A response without an access token keeps the old one. `resource`: the one that the
 * access token is for.
 */
export const applyGrant = (before: Session, grant: TokenResponse, now: number, resource?: string): Session => {
  const refresh = grant.refresh ?? before.tokens.refresh;
  const { access, resources } = accessAfter(before, grant, resource);
  const { tokens } = before;
  const indicators = grant.indicators ?? tokens.indicators;
  const declared = grant.endsAt ?? before.endsAt;
  return {
    ...before,
    generation: before.generation + 1,
    tokens: {
      access,
      refresh,
      key: grant.key ?? tokens.key,
      subject: grant.subject ?? tokens.subject,
      endSession: grant.endSession ?? tokens.endSession,
      endSessionIfRefused: grant.endSessionIfRefused ?? tokens.endSessionIfRefused,
      method: grant.method ?? tokens.method,
      ...(resources && { resources }),
      ...(indicators && { indicators }),
    },
    user: grant.user ?? before.user,
    // Without a refresh token, the session ends with the access token's declared lifetime. A token response proves that the declared
    // lifetime is not over, even if this clock disagrees.
    endsAt:
      refresh === undefined ? declaredEnd(access) : declared !== undefined && declared > now ? declared : undefined,
    refreshSentAt: undefined,
  };
};

const declaredEnd = (access: AccessToken | undefined): number | undefined =>
  access?.assumed ? undefined : access?.expiresAt;

/** The session to revoke. A second `ticket` sign-in replaced the cookie, so a revocation of the first would end it. */
export const replaced = (former: Session | undefined, next: Session): readonly Session[] =>
  former && !(former.kind === 'ticket' && next.kind === 'ticket') ? [former] : [];
