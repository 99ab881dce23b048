import type { SessionRecord, Session, SessionEvent, SessionState } from '../../../src/core/session/session-types.ts';
import { generationOfSaved } from './session-disk.ts';
import type { SimulatedWorker } from './session-worker.ts';
import type { World } from './session-world.ts';

/**
 * The numbers are those of docs/invariants.md. `early-refresh`: a refresh, its failure and a 401 for one request change
 * nothing for a request with a good token. `pauses`: nothing but its end, or the user, shortens a pause.
 */
export type Invariant = 1 | 2 | 3 | 4 | 5 | 8 | 9 | 12 | 13 | 14 | 18 | 'early-refresh' | 'pauses';

/** What a check needs to know besides the worker's own state. */
export type CheckContext = {
  readonly world: World;
  /** Sent refresh tokens without an answer: no one can know whether the provider consumed them. */
  readonly unanswered: ReadonlySet<string>;
  /** The store of some worker failed, so tokens may have been in memory only. */
  readonly storeWasFaulty: boolean;
  /** Two workers ran at once. One may have overwritten the other's write-ahead record when it saved the user's name. */
  readonly wasCrowded: boolean;
  report(invariant: Invariant, text: string): void;
};

type SignedOut = SessionState & { state: 'signed-out' };

/** The transition that ended a session. */
type Ending = { event: SessionEvent; before: SessionState; after: SignedOut };

/** Checks that a session ended for one of the three reasons of invariant 2, and that the state names the right one. */
export const checkEnd = (checker: CheckContext, worker: SimulatedWorker, ending: Ending): void => {
  const wrong = reasonWrong(checker, worker, ending);
  if (wrong) checker.report(2, `${ending.event.type} → ${ending.after.reason}: ${wrong}`);
};

const reasonWrong = (
  checker: CheckContext,
  worker: SimulatedWorker,
  { event, before, after }: Ending,
): string | undefined => {
  // The session ended earlier: this worker knew that when it looked for a later sign-in.
  const known = before.state === 'starting' && before.left?.generation === after.generation;
  if (known && (event.type === 'loaded' || event.type === 'load-failed')) return undefined;
  switch (event.type) {
    case 'sign-out':
      return after.reason === 'user' ? undefined : 'the user signed out, but the reason differs';
    case 'loaded':
      if (event.saved?.state === 'signed-out' || after.reason === 'expired')
        return adopted(checker, event.saved, after);
      return event.saved === undefined && after.reason === 'never' ? undefined : 'the record on disk differs';
    case 'locked':
    case 'superseded':
      return adopted(checker, event.saved, after);
    case 'load-failed':
      return after.reason === 'never' && after.problem && worker.machine.durability === 'memory'
        ? undefined
        : 'an unreadable store does not prove a sign-out';
    case 'saved':
    case 'save-failed':
      return before.state !== 'ending' ? 'no reason at all' : rejectionWrong(checker, worker, before, after);
    case 'verify-failed':
      return 'session' in before && before.session.kind === 'ticket' && event.problem.code === 'grant-rejected'
        ? undefined
        : 'the backend did not reject a cookie';
    case 'tick':
    case 'nudge':
    case 'tab-arrived':
      return overWrong(checker, before, after);
    default:
      return 'no reason at all';
  }
};

/** A worker may adopt the sign-out of another worker, or end a session whose lifetime ran out while no worker ran. */
const adopted = (checker: CheckContext, saved: SessionRecord | undefined, after: SignedOut): string | undefined => {
  if (saved?.state === 'signed-in') return clockWrong(checker, saved.session, after);
  return saved && generationOfSaved(saved) === after.generation && saved.reason === after.reason
    ? undefined
    : 'the record on disk differs';
};

const overWrong = (checker: CheckContext, before: SessionState, after: SignedOut): string | undefined =>
  'session' in before ? clockWrong(checker, before.session, after) : 'there was no session';

/** The device's clock may end a session only if there is no refresh token, so no server can decide. */
const clockWrong = ({ world }: CheckContext, session: Session, { reason }: SignedOut): string | undefined => {
  if (reason !== 'expired') return 'the reason is not "expired"';
  if (session.tokens.refresh !== undefined) return 'the clock ended a session that the provider could have refreshed';
  return session.endsAt !== undefined && world.now() >= session.endsAt ? undefined : 'the lifetime is not over';
};

const rejectionWrong = (
  checker: CheckContext,
  worker: SimulatedWorker,
  before: SessionState,
  { reason, problem }: SignedOut,
): string | undefined => {
  const { world, unanswered } = checker;
  const { provider } = world;
  const { rejection } = worker;
  const session = 'session' in before ? before.session : undefined;
  const refresh = session?.tokens.refresh;
  if (!session || refresh === undefined || rejection?.value !== refresh)
    return 'the token endpoint did not reject this token';
  if (reason === 'expired')
    return problem?.code === 'lifetime-over' && session.endsAt !== undefined ? undefined : 'no lifetime was declared';
  if (reason !== 'rejected' || !problem || !('error' in problem) || problem.code === 'sign-in-refused')
    return 'no evidence';
  if (problem.code === 'answer-lost' && !unanswered.has(refresh)) checker.report(12, 'no answer was lost');
  const rotatedUnseen = rejection.why === 'reuse' && (provider.tokenOf(refresh)?.successors.length ?? 0) > 0;
  if (problem.code === 'grant-rejected' && rotatedUnseen && !checker.storeWasFaulty && !checker.wasCrowded)
    checker.report(12, 'an answer was lost, and the problem does not say so');
  return undefined;
};
