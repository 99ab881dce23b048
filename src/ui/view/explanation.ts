import type { Problem } from '../../protocol/problem.ts';
import type { SessionView, Snapshot } from '../../protocol/snapshot.ts';
import { whyWords } from '../strings/explanation-messages.ts';
import { signedIn } from '../base/status.ts';
import { fromNow } from '../strings/time.ts';
import { evidence, problemWords } from '../strings/problem-text.ts';

/** One cause: in words for the person in front of the screen, and the technical detail underneath. */
export type Cause = { words: string; evidence?: string | undefined };
/** A question that somebody would ask now, and every answer that is known. */
export type Why = { question: string; causes: readonly Cause[] };

type SignedOut = Extract<SessionView, { state: 'signed-out' }>;

const ending = ({ reason, problem }: SignedOut): string => {
  const say = whyWords();
  if (problem?.code === 'answer-lost') return say.whyLost;
  return reason === 'expired' ? say.whyExpired : say.whyRejected;
};

const whySignedOut = (session: SignedOut): Why | undefined => {
  const say = whyWords();
  const { reason, problem } = session;
  const proof = problem && evidence(problem);
  if (reason !== 'rejected' && reason !== 'expired')
    return problem && { question: say.whyNot, causes: [{ words: problemWords(problem), evidence: proof }] };
  const told = problem?.code === 'lifetime-over' ? ` ${problemWords(problem)}` : '';
  return {
    question: say.whySignedOut,
    causes: [{ words: ending(session) + told, evidence: proof }, { words: say.whyNotYou }],
  };
};

const cause = (text: string, problem: Problem | undefined): Cause => ({
  words: problem ? `${problemWords(problem)} ${text}` : text,
  evidence: problem && evidence(problem),
});

const whyWaiting = (snapshot: Snapshot, now: number): Why | undefined => {
  const session = signedIn(snapshot.session);
  if (!session) return undefined;
  const say = whyWords();
  const causes: Cause[] = [];
  if (!snapshot.online) causes.push({ words: say.whyOffline });
  if (session.state === 'degraded') causes.push(cause(say.whyAttempt(session.attempt), session.problem));
  for (const [url, { state, problem }] of Object.entries(snapshot.sockets)) {
    if (state === 'open' || state === 'parked') continue;
    const { words: told, evidence: proof } = cause(state === 'stopped' ? say.whyStopped : say.whySocket, problem);
    causes.push({ words: told, evidence: proof?.includes(url) ? proof : [url, proof].filter(Boolean).join(' · ') });
  }
  if (causes.length === 0) return undefined;
  const proof = session.verifiedAt === undefined ? say.neverProved : say.lastProof(fromNow(session.verifiedAt, now));
  const question = snapshot.online ? say.whyWaiting : say.whyOfflineNow;
  return { question, causes: [...causes, { words: `${proof}.` }] };
};

/** `undefined`: there is nothing to ask. */
export const whyOf = (snapshot: Snapshot, now: number): Why | undefined =>
  snapshot.session.state === 'signed-out' ? whySignedOut(snapshot.session) : whyWaiting(snapshot, now);
