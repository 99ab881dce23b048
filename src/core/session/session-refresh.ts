import type { Problem } from '../../protocol/problem.ts';
import { transition, withEffects, withEffectsFirst } from '../machine.ts';
import {
  activate,
  answerAll,
  beginRefresh,
  enterFailed,
  degradeWithoutToken,
  end,
  generationOf,
  leave,
  release,
  save,
  applyGrant,
  signedOutRecord,
  waitingOf,
} from './session-transitions.ts';
import { isAnswer, pauseResource, withResourceGrant } from './session-resources.ts';
import { verifyNow } from './session-verify.ts';
import { admit, hasEnded, tokenVerdict, usable } from './token-expiry.ts';
import type {
  TokenResponse,
  SessionMachine,
  SessionContext,
  SessionEvent,
  SessionRecord,
  Session,
  SessionState,
  SessionStep,
  SignedOutRecord,
  Waiting,
} from './session-types.ts';

/*
 * One refresh, step by step. The browser may stop the worker between any two steps. Each step is an effect, and its
 * result carries the same `call`.
 *
 *   locking → recording → requesting → saving → active
 *                                    └→ ending → signed-out
 *
 * locking     request the origin's Web Lock, then read the disk again
 * recording   write to the disk that the token is sent, before it is sent (write-ahead record: invariant 12)
 * requesting  send the request to the token endpoint
 * saving      write the new tokens to the disk before any request gets them (invariant 3)
 * ending      the provider rejected the token: write the end, unless the disk has a newer session (invariant 2)
 */

type Refreshing = SessionState & { state: 'refreshing' };

/** The write-ahead record is on the disk, so the request to the token endpoint can be sent. */
export const requestTokens = (machine: SessionMachine, state: Refreshing): SessionStep =>
  transition(
    machine,
    { ...state, step: 'requesting' },
    { type: 'grant', call: state.call, session: state.session, resource: state.resource },
  );

/** Inside the lock the disk is current: another worker may have refreshed or ended the session. */
export const onLocked = (
  machine: SessionMachine,
  state: Refreshing,
  { saved, problem }: { saved: SessionRecord | undefined; problem?: Problem | undefined },
  context: SessionContext,
): SessionStep => {
  if (problem) return onStoreFailed(machine, state, problem, context);
  if (saved && newer(saved, generationOf(state))) return adopt(machine, saved, context);
  const since = state.session.refreshSentAt ?? openRecord(machine, saved, state.session);
  const session = { ...state.session, refreshSentAt: since };
  const recorded = since ?? context.now;
  const record: SessionRecord = { state: 'signed-in', session: { ...session, refreshSentAt: recorded } };
  const recording = { ...state, step: 'recording', session, recorded } as const;
  return transition(machine, recording, { type: 'save', call: state.call, record });
};

/** When another worker, or this one before a restart, sent this same token and received no answer. */
const openRecord = (
  { answeredRefreshSentAt }: SessionMachine,
  saved: SessionRecord | undefined,
  { generation }: Session,
): number | undefined => {
  if (saved?.state !== 'signed-in' || saved.session.generation !== generation) return undefined;
  const { refreshSentAt } = saved.session;
  return refreshSentAt === answeredRefreshSentAt ? undefined : refreshSentAt;
};

/** A signed-out record also replaces the session of its own generation. */
export const newer = (saved: SessionRecord, generation: number): boolean =>
  saved.state === 'signed-in' ? saved.session.generation > generation : saved.generation >= generation;

/** Another worker was faster. Its record counts, and this worker must not overwrite it. */
export const adopt = (machine: SessionMachine, saved: SessionRecord, context: SessionContext): SessionStep => {
  const { state } = machine;
  const here: SessionMachine = { ...machine, unsaved: undefined, durability: 'disk' };
  if (saved.state !== 'signed-in') return leave(here, saved);
  const { session } = saved;
  const step = admit(session, context)
    ? activate(here, session, waitingOf(state), context)
    : beginRefresh(here, { session, waiting: waitingOf(state) });
  const adopted = { machine: step.machine, effects: [...release(state), ...step.effects] };
  // No 401 shows whether a cookie session still exists, so the worker verifies it with the backend.
  return session.kind === 'ticket' ? verifyNow(adopted) : adopted;
};

/**
 * A store that rejects the record would also reject the new tokens, and an unreadable one may hold newer tokens. With a
 * good access token, and no request that waits for another one, the refresh can wait. Without one, a session in memory is better than no session (invariant 3).
 */
export const onStoreFailed = (
  machine: SessionMachine,
  state: Refreshing,
  problem: Problem,
  context: SessionContext,
): SessionStep => {
  const isWaitedFor = state.waiting.length > 0 || state.resource !== undefined;
  const canWait = !isWaitedFor && usable(state.session.tokens.access, context.now, context.policy);
  if (!canWait) return requestTokens({ ...machine, durability: 'memory' }, { ...state, recorded: undefined });
  return withEffects(enterFailed(machine, state, problem, context), { type: 'unlock' });
};

export const onGranted = (
  machine: SessionMachine,
  state: Refreshing,
  grant: TokenResponse,
  context: SessionContext,
): SessionStep => {
  const { session, call, failed, waiting, resource } = state;
  const next = applyGrant(session, grant, context.now, resource);
  const saving: SessionState = { state: 'saving', session, next, call, failed, waiting, resource };
  const noted = resource === undefined ? machine : withResourceGrant(machine, resource, grant, context);
  return transition(noted, saving, { type: 'save', call, record: { state: 'signed-in', session: next } });
};

export const onGrantFailed = (
  machine: SessionMachine,
  state: Refreshing,
  { problem, unanswered }: SessionEvent & { type: 'grant-failed' },
  context: SessionContext,
): SessionStep => {
  const isOfResource = state.resource !== undefined && !unanswered && isAnswer(problem);
  if (problem.code === 'grant-rejected' && !isOfResource) return onRejected(machine, state, problem, context);
  const open = state.session.refreshSentAt;
  const session = { ...state.session, refreshSentAt: open ?? (unanswered ? context.now : undefined) };
  const answeredRefreshSentAt =
    unanswered || open !== undefined
      ? machine.answeredRefreshSentAt
      : (state.recorded ?? machine.answeredRefreshSentAt);
  const known = { ...machine, answeredRefreshSentAt };
  if (isOfResource)
    return withEffectsFirst(onResourceRefused(known, { ...state, session }, problem, context), { type: 'unlock' });
  return withEffects(enterFailed(known, { ...state, session }, problem, context), { type: 'unlock' });
};

/**
 * The provider gives no token for this resource. That is no verdict on the session: Microsoft Entra ID says `invalid_grant`
 * also where the person has to consent to one API. The session's own refresh has the last word (invariant 18).
 */
const onResourceRefused = (
  machine: SessionMachine,
  { session, waiting, resource = '' }: Refreshing,
  problem: Problem,
  context: SessionContext,
): SessionStep => {
  const paused = pauseResource(machine, resource, problem, context);
  const isInDoubt = problem.code === 'grant-rejected' || session.refreshSentAt !== undefined;
  return isInDoubt || waiting.length > 0
    ? beginRefresh(paused, { session, waiting })
    : transition(paused, { state: 'active', session });
};

const onRejected = (
  machine: SessionMachine,
  state: Refreshing,
  problem: Problem & { code: 'grant-rejected' },
  { now }: SessionContext,
): SessionStep => {
  const { session, call, failed, waiting } = state;
  const evidence: Problem = session.refreshSentAt === undefined ? problem : { ...problem, code: 'answer-lost' };
  const left = hasEnded(session, now) ? lifetimeOver(state, session) : signedOutRecord(state, 'rejected', evidence);
  return transition(
    machine,
    { state: 'ending', session, left, call, failed, waiting },
    { type: 'save', call, record: left },
  );
};

export const lifetimeOver = (state: SessionState, session: Session): SignedOutRecord =>
  signedOutRecord(state, 'expired', { code: 'lifetime-over', endedAt: session.endsAt ?? 0 });

/** The declared lifetime is over by this clock, which may be wrong. With a refresh token, the provider decides. */
export const onOverdue = (machine: SessionMachine, session: Session, waiting: Waiting): SessionStep => {
  if (session.tokens.refresh !== undefined) return beginRefresh(machine, { session, waiting });
  return withEffects(end(machine, lifetimeOver(machine.state, session)), ...answerAll(waiting, { type: 'anonymous' }));
};

/** The disk has no newer session. A failed write cannot continue a session that the server ended. */
export const onEnded = (
  machine: SessionMachine,
  { left }: SessionState & { state: 'ending' },
  saved: boolean,
): SessionStep => (saved ? leave({ ...machine, durability: 'disk' }, left) : end(machine, left));

/** The requests that waited during a resource's refresh need a newer token of the session itself. */
const afterResource = (
  machine: SessionMachine,
  session: Session,
  waiting: Waiting,
  context: SessionContext,
): SessionStep =>
  waiting.length > 0 ? beginRefresh(machine, { session, waiting }) : activate(machine, session, [], context);

/** New tokens, from a refresh or a sign-in, are on the disk. If the write failed, they are in memory only. */
export const onTokensSaved = (
  machine: SessionMachine,
  state: SessionState & { state: 'saving' | 'establishing' },
  problem: Problem | undefined,
  context: SessionContext,
): SessionStep => {
  const { next, waiting } = state;
  const kept: SessionMachine = { ...machine, durability: problem ? 'memory' : 'disk', unsaved: undefined };
  const isOfResource = state.state === 'saving' && state.resource !== undefined;
  const withoutToken = state.state === 'saving' && next.tokens.access === state.session.tokens.access;
  // The session of another library begins with its refresh token alone.
  const begins = state.state === 'establishing' && !tokenVerdict(next) && next.tokens.refresh !== undefined;
  const follow = (): SessionStep => {
    if (isOfResource) return afterResource(kept, next, waiting, context);
    if (withoutToken) return degradeWithoutToken(kept, { ...state, session: next }, context);
    return begins ? beginRefresh(kept, { session: next, waiting }) : activate(kept, next, waiting, context);
  };
  // A second refresh requests the lock that this one holds.
  const isFirst = isOfResource || begins;
  const done = isFirst ? withEffectsFirst(follow(), ...release(state)) : withEffects(follow(), ...release(state));
  return problem ? save(done, { state: 'signed-in', session: next }) : done;
};
