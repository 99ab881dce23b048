import type { SessionRecord, Session, SessionEvent, SessionState } from '../../../src/core/session/session-types.ts';
import { generationOfSaved } from './session-disk.ts';
import type { SimulatedWorker } from './session-worker.ts';
import type { World } from './session-world.ts';

/** docs/invariants.md; `calm`: an early refresh that fails changes nothing that a request can see. */
export type Invariant = 1 | 2 | 3 | 4 | 5 | 8 | 9 | 12 | 'calm';

/** What a judge must know beside the worker's own word. */
export type CheckContext = {
  readonly world: World;
  /** Refresh tokens of which nobody can know whether they were consumed. */
  readonly unanswered: ReadonlySet<string>;
  /** Some worker could not trust its store: tokens may have been in memory only. */
  readonly storeWasFaulty: boolean;
  /** Two workers lived at once, and one may have written the user's name over the other's open record. */
  readonly wasCrowded: boolean;
  report(invariant: Invariant, text: string): void;
};

type SignedOut = SessionState & { state: 'signed-out' };

/** A session ended, or a start found none. Was it for one of the three reasons, and does it say which? */
export const checkEnd = (
  checker: CheckContext,
  worker: SimulatedWorker,
  event: SessionEvent,
  before: SessionState,
  after: SignedOut,
): void => {
  const wrong = reasonWrong(checker, worker, event, before, after);
  if (wrong) checker.report(2, `${event.type} → ${after.reason}: ${wrong}`);
};

const reasonWrong = (
  checker: CheckContext,
  worker: SimulatedWorker,
  event: SessionEvent,
  before: SessionState,
  after: SignedOut,
): string | undefined => {
  // it is none of now: this worker knew of it when it looked for a sign-in after it
  const known = before.state === 'starting' && before.left?.generation === after.generation;
  if (known && (event.type === 'loaded' || event.type === 'load-failed')) return undefined;
  switch (event.type) {
    case 'sign-out':
      return after.reason === 'user' ? undefined : 'the user asked for it';
    case 'loaded':
      if (event.saved?.state === 'signed-out' || after.reason === 'expired')
        return adopted(checker, event.saved, after);
      return event.saved === undefined && after.reason === 'never' ? undefined : 'the disk says otherwise';
    case 'locked':
    case 'superseded':
      return adopted(checker, event.saved, after);
    case 'load-failed':
      return after.reason === 'never' && after.problem && worker.machine.durability === 'memory'
        ? undefined
        : 'an unreadable store proves nothing';
    case 'saved':
    case 'save-failed':
      return before.state !== 'ending' ? 'no reason at all' : rejectionWrong(checker, worker, before, after);
    case 'verify-failed':
      return 'session' in before && before.session.kind === 'ticket' && event.problem.code === 'grant-rejected'
        ? undefined
        : 'no cookie was refused';
    case 'tick':
    case 'nudge':
    case 'tab-arrived':
      return overWrong(checker, before, after);
    default:
      return 'no reason at all';
  }
};

/** Another worker's end counts; so does a lifetime that was over when nobody was there. */
const adopted = (checker: CheckContext, saved: SessionRecord | undefined, after: SignedOut): string | undefined => {
  if (saved?.state === 'signed-in') return clockWrong(checker, saved.session, after);
  return saved && generationOfSaved(saved) === after.generation && saved.reason === after.reason
    ? undefined
    : 'not what the disk says';
};

const overWrong = (checker: CheckContext, before: SessionState, after: SignedOut): string | undefined =>
  'session' in before ? clockWrong(checker, before.session, after) : 'there was no session';

/** Only where there is no server to ask may this device's clock end a session. */
const clockWrong = ({ world }: CheckContext, session: Session, { reason }: SignedOut): string | undefined => {
  if (reason !== 'expired') return 'nobody rejected it';
  if (session.tokens.refresh !== undefined) return 'a clock is no server';
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
    checker.report(12, 'an answer was lost, and nobody says so');
  return undefined;
};
