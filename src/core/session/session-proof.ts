import type { Problem } from '../../protocol/problem.ts';
import type { User } from '../../protocol/snapshot.ts';
import { fullJitter, VERIFY_BACKOFF } from '../../protocol/timing/backoff.ts';
import { noChange, withEffects, withEffectsFirst } from '../machine.ts';
import { onRequest, renew } from './session-requests.ts';
import {
  activate,
  answerAll,
  checksOf,
  end,
  requirePerson,
  save,
  sessionOf,
  signedOutRecord,
} from './session-transitions.ts';
import { refusalPause } from '../refusal.ts';
import { isUnrenewable, isVerifiedEnough, verifyNow } from './session-verify.ts';
import { tokenGeneration } from './token-expiry.ts';
import type {
  SessionMachine,
  SessionContext,
  Session,
  SessionEvent,
  SessionState,
  SessionStep,
  VerifyState,
  Waiting,
} from './session-types.ts';

type Verified = Extract<SessionEvent, { type: 'verified' | 'verify-failed' }>;
type Pending = Extract<VerifyState, { state: 'pending' }>;

export const onVerify = (machine: SessionMachine, event: Verified, context: SessionContext): SessionStep => {
  const { verifying, state } = machine;
  if (verifying?.state !== 'pending' || verifying.call !== event.call) return noChange(machine);
  const rest: SessionMachine = { ...machine, verifying: undefined };
  const session = sessionOf(state);
  const generation = session && tokenGeneration(session);
  const isRenewed = generation !== verifying.generation;
  const isAboutRenewed = event.type === 'verified' && event.generation === generation;
  // The answer is about other tokens, perhaps of another user.
  if (!session || (isRenewed && !isAboutRenewed)) return verifyNow(sendAll(rest, checksOf(verifying), context));
  if (event.type === 'verified') {
    const proven = {
      ...rest,
      verifiedAt: context.now,
      provenGeneration: generation,
      refusedProblem: undefined,
    };
    const proved = prove(proven, session, event.user, context);
    if (!isRenewed) return rerunIfPending(judged(proved, verifying), verifying);
    // The requests that wait for this answer had the former token.
    const sent = withEffectsFirst(sendAll(proved.machine, checksOf(verifying), context), ...proved.effects);
    return rerunIfPending(sent, { ...verifying, late: [] });
  }
  if (event.problem.code === 'grant-rejected' && session.kind === 'ticket')
    return judged(end(rest, signedOutRecord(state, 'rejected', event.problem)), verifying, verifying.late);
  const backoff = unproved(verifying.attempt + 1, session, event.problem, context);
  const failing = onUnproved({ ...rest, verifying: backoff }, session, event.problem, context);
  if (isVerifiedEnough(failing.machine, context)) return judged(failing, verifying, verifying.late);
  // A backend that refuses fresh tokens is no reason to renew them again.
  if (context.now < machine.doubt.until || session.tokens.refresh === undefined)
    return rerunIfPending(judged(failing, verifying), verifying);
  const { checks } = verifying;
  const renewed =
    checks.length > 0 ? withEffectsFirst(renew(failing.machine, checks, context), ...failing.effects) : failing;
  return rerunIfPending(renewed, verifying);
};

/** There are newer tokens, so these requests are sent again. */
const sendAll = (machine: SessionMachine, ids: Waiting, context: SessionContext): SessionStep =>
  ids.reduce<SessionStep>(
    (step, id) => withEffectsFirst(onRequest(step.machine, id, context), ...step.effects),
    noChange(machine),
  );

/** The 401 was not the token's, or nothing more can be found out: the callers get it. */
const judged = (step: SessionStep, { checks }: Pending, late: Waiting = []): SessionStep =>
  withEffects(step, ...answerAll([...checks, ...late], { type: 'passThrough' }));

/** Without a refresh token, only the person can help against a backend that refuses the token. */
const onUnproved = (
  machine: SessionMachine,
  session: Session,
  problem: Problem,
  context: SessionContext,
): SessionStep => {
  if (problem.code === 'redirect-refused') return noChange({ ...machine, refusedProblem: problem });
  if (problem.code !== 'token-refused' || session.kind === 'ticket') return noChange(machine);
  const { state } = machine;
  if (session.tokens.refresh === undefined && (state.state === 'active' || state.state === 'sign-in-required')) {
    const attempt = state.state === 'active' ? 1 : state.attempt + 1;
    return requirePerson(machine, { session, waiting: [], attempt, refusals: undefined }, problem, context);
  }
  return noChange({ ...machine, refusedProblem: problem });
};

/** A status route that plainly refuses may mean that the cookie session is dead, in words that only its backend knows. */
const unproved = (
  attempt: number,
  { kind }: Session,
  problem: Problem,
  { now, chance, policy }: SessionContext,
): VerifyState => {
  // An answer that is no status at all counts too: no one waits for this one.
  const refused: Problem =
    problem.code === 'unexpected-answer'
      ? { code: 'refresh-refused', at: problem.at, status: problem.status }
      : problem;
  const leastMs = kind === 'ticket' ? refusalPause(refused, attempt, policy) : 0;
  const retryAt = now + Math.max(fullJitter(attempt, VERIFY_BACKOFF, chance), leastMs);
  return { state: 'backoff', attempt, isRefused: leastMs > 0, retryAt };
};

const rerunIfPending = (step: SessionStep, { rerun, late }: Pending): SessionStep =>
  rerun ? verifyNow(step, late) : step;

/** Saves what the backend says of the user, so that a restarted worker can show it before the next proof. */
const prove = (machine: SessionMachine, session: Session, user: User, context: SessionContext): SessionStep => {
  const before = session.user;
  // An API often knows no name, and the ID token has said it.
  const name = user.name ?? (before?.sub === user.sub ? before.name : undefined);
  const named: User = { sub: user.sub, name, claims: user.claims };
  // The fields have the order of the schema, and the claims that of the configuration.
  const known = JSON.stringify(before) === JSON.stringify(named) ? session : { ...session, user: named };
  const step = isUnrenewable(machine.state)
    ? activate(machine, known, [], context)
    : noChange({ ...machine, state: { ...machine.state, session: known } as SessionState });
  const isNew = known !== session && step.machine.state.state === 'active';
  return isNew ? save(step, { state: 'signed-in', session: known }) : step;
};
