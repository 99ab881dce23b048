import type { Problem } from '../../protocol/problem.ts';
import { transition, withEffects } from '../machine.ts';
import {
  activate,
  admit,
  answerAll,
  beginRefresh,
  enterDegraded,
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
import { verifyNow } from './session-verify.ts';
import { hasEnded, usable } from './token-expiry.ts';
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
 * One refresh, step by step; each is an effect whose answer carries its call, so a worker may die between any two:
 *
 *   locking → recording → asking → saving → active
 *                                └→ ending → signed-out
 *
 * locking    the Web Lock of the origin is held; the disk is read again inside it
 * recording  the disk says "this token was sent", before it is sent (write-ahead: invariant 12)
 * asking     the token endpoint is asked
 * saving     the new tokens go to the disk before anyone gets them (invariant 3)
 * ending     rejected: the end counts when the disk has taken it, and so holds no newer session (invariant 2)
 */

type Refreshing = SessionState & { state: 'refreshing' };

/** The disk knows; now the token endpoint is asked. */
export const requestTokens = (machine: SessionMachine, state: Refreshing): SessionStep =>
  transition(machine, { ...state, step: 'requesting' }, { type: 'grant', call: state.call, session: state.session });

/** What the disk says inside the lock is the truth: another worker may have rotated, or ended the session. */
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

/** Another worker, or this one before it died, has sent this very token, and nobody knows the answer. */
const openRecord = (
  { answeredRefreshSentAt }: SessionMachine,
  saved: SessionRecord | undefined,
  { generation }: Session,
): number | undefined => {
  if (saved?.state !== 'signed-in' || saved.session.generation !== generation) return undefined;
  const { refreshSentAt } = saved.session;
  return refreshSentAt === answeredRefreshSentAt ? undefined : refreshSentAt;
};

/** A tombstone is also the end of the very generation that it names. */
export const newer = (saved: SessionRecord, generation: number): boolean =>
  saved.state === 'signed-in' ? saved.session.generation > generation : saved.generation >= generation;

/** Another worker was faster: its word counts, and nothing of ours may overwrite it. */
export const adopt = (machine: SessionMachine, saved: SessionRecord, context: SessionContext): SessionStep => {
  const { state } = machine;
  const here: SessionMachine = { ...machine, unsaved: undefined, durability: 'disk' };
  if (saved.state !== 'signed-in') return leave(here, saved);
  const { session } = saved;
  const step = admit(session, context)
    ? activate(here, session, waitingOf(state), context)
    : beginRefresh(here, { session, waiting: waitingOf(state) });
  const adopted = { machine: step.machine, effects: [...release(state), ...step.effects] };
  // No 401 leads to the truth about a cookie: the backend is asked.
  return session.kind === 'ticket' ? verifyNow(adopted) : adopted;
};

/**
 * A store that cannot take the record will not take the new tokens either, and one that cannot be read may hold newer
 * ones. As long as the access token is good there is no need to rotate into the unknown; when it is not, a session in
 * memory beats none (invariant 3).
 */
export const onStoreFailed = (
  machine: SessionMachine,
  state: Refreshing,
  problem: Problem,
  context: SessionContext,
): SessionStep => {
  const good = state.access === 'good' && usable(state.session.tokens.access, context.now, context.policy);
  if (!good) return requestTokens({ ...machine, durability: 'memory' }, { ...state, recorded: undefined });
  return withEffects(enterDegraded(machine, state, problem, context), { type: 'unlock' });
};

export const onGranted = (
  machine: SessionMachine,
  state: Refreshing,
  grant: TokenResponse,
  { now }: SessionContext,
): SessionStep => {
  const { session, call, attempt, access, waiting } = state;
  const next = applyGrant(session, grant, now);
  const saving: SessionState = { state: 'saving', session, next, call, attempt, access, waiting };
  return transition(machine, saving, { type: 'save', call, record: { state: 'signed-in', session: next } });
};

export const onGrantFailed = (
  machine: SessionMachine,
  state: Refreshing,
  { problem, unanswered }: SessionEvent & { type: 'grant-failed' },
  context: SessionContext,
): SessionStep => {
  if (problem.code === 'grant-rejected') return onRejected(machine, state, problem, context);
  const open = state.session.refreshSentAt;
  const session = { ...state.session, refreshSentAt: open ?? (unanswered ? context.now : undefined) };
  const answeredRefreshSentAt =
    unanswered || open !== undefined
      ? machine.answeredRefreshSentAt
      : (state.recorded ?? machine.answeredRefreshSentAt);
  const step = enterDegraded({ ...machine, answeredRefreshSentAt }, { ...state, session }, problem, context);
  return withEffects(step, { type: 'unlock' });
};

const onRejected = (
  machine: SessionMachine,
  state: Refreshing,
  problem: Problem & { code: 'grant-rejected' },
  { now }: SessionContext,
): SessionStep => {
  const { session, call, access, waiting } = state;
  const evidence: Problem = session.refreshSentAt === undefined ? problem : { ...problem, code: 'answer-lost' };
  const left = hasEnded(session, now) ? lifetimeOver(state, session) : signedOutRecord(state, 'rejected', evidence);
  return transition(
    machine,
    { state: 'ending', session, left, call, access, waiting },
    { type: 'save', call, record: left },
  );
};

export const lifetimeOver = (state: SessionState, session: Session): SignedOutRecord =>
  signedOutRecord(state, 'expired', { code: 'lifetime-over', endedAt: session.endsAt ?? 0 });

/** By this clock the declared lifetime is over. Where a server can be asked, only it knows (a clock may have jumped). */
export const onOverdue = (machine: SessionMachine, session: Session, waiting: Waiting): SessionStep => {
  if (session.tokens.refresh !== undefined) return beginRefresh(machine, { session, waiting });
  return withEffects(end(machine, lifetimeOver(machine.state, session)), ...answerAll(waiting, { type: 'anonymous' }));
};

/** The disk has no newer session. One that fails cannot keep alive what the server has ended. */
export const onEnded = (
  machine: SessionMachine,
  { left }: SessionState & { state: 'ending' },
  saved: boolean,
): SessionStep => (saved ? leave({ ...machine, durability: 'disk' }, left) : end(machine, left));

/** New tokens, from a refresh or a sign-in, are on the disk — or the disk has failed us and memory must do. */
export const onTokensSaved = (
  machine: SessionMachine,
  state: SessionState & { state: 'saving' | 'establishing' },
  problem: Problem | undefined,
  context: SessionContext,
): SessionStep => {
  const { next, waiting } = state;
  const kept: SessionMachine = { ...machine, durability: problem ? 'memory' : 'disk', unsaved: undefined };
  const withoutToken = state.state === 'saving' && next.tokens.access === state.session.tokens.access;
  const step = withoutToken
    ? degradeWithoutToken(kept, { ...state, session: next }, context)
    : activate(kept, next, waiting, context);
  const done = withEffects(step, ...release(state));
  return problem ? save(done, { state: 'signed-in', session: next }) : done;
};
