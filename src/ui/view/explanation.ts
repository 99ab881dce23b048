import type { Problem } from '../../protocol/problem.ts';
import type { SessionView, Snapshot } from '../../protocol/snapshot.ts';
import { explanationStrings } from '../strings/explanation-strings.ts';
import { signedInSession } from '../base/status.ts';
import { fromNow } from '../strings/time.ts';
import { evidence, problemText } from '../strings/problem-text.ts';

/** One cause: in words for the person in front of the screen, and the technical detail underneath. */
export type Cause = { text: string; evidence?: string | undefined };
/** A question that somebody would ask now, and every answer that is known. */
export type Explanation = { question: string; causes: readonly Cause[] };

type SignedOut = Extract<SessionView, { state: 'signed-out' }>;

const ending = ({ reason, problem }: SignedOut): string => {
  const t = explanationStrings();
  if (problem?.code === 'answer-lost') return t.whyLost;
  return reason === 'expired' ? t.whyExpired : t.whyRejected;
};

const explainSignedOut = (session: SignedOut): Explanation | undefined => {
  const t = explanationStrings();
  const { reason, problem } = session;
  const proof = problem && evidence(problem);
  if (reason !== 'rejected' && reason !== 'expired')
    return problem && { question: t.whyNot, causes: [{ text: problemText(problem), evidence: proof }] };
  const told = problem?.code === 'lifetime-over' ? ` ${problemText(problem)}` : '';
  return {
    question: t.whySignedOut,
    causes: [{ text: ending(session) + told, evidence: proof }, { text: t.whyNotYou }],
  };
};

const cause = (text: string, problem: Problem | undefined): Cause => ({
  text: problem ? `${problemText(problem)} ${text}` : text,
  evidence: problem && evidence(problem),
});

const explainWaiting = (snapshot: Snapshot, now: number): Explanation | undefined => {
  const session = signedInSession(snapshot.session);
  if (!session) return undefined;
  const t = explanationStrings();
  const causes: Cause[] = [];
  if (!snapshot.online) causes.push({ text: t.whyOffline });
  if (session.state === 'degraded') causes.push(cause(t.whyAttempt(session.attempt), session.problem));
  for (const [url, { state, problem }] of Object.entries(snapshot.sockets)) {
    if (state === 'open' || state === 'parked') continue;
    const { text: told, evidence: proof } = cause(state === 'stopped' ? t.whyStopped : t.whySocket, problem);
    causes.push({ text: told, evidence: proof?.includes(url) ? proof : [url, proof].filter(Boolean).join(' · ') });
  }
  if (causes.length === 0) return undefined;
  const proof = session.verifiedAt === undefined ? t.neverProved : t.lastProof(fromNow(session.verifiedAt, now));
  const question = snapshot.online ? t.whyWaiting : t.whyOfflineNow;
  return { question, causes: [...causes, { text: `${proof}.` }] };
};

/** `undefined`: there is nothing to ask. */
export const explain = (snapshot: Snapshot, now: number): Explanation | undefined =>
  snapshot.session.state === 'signed-out' ? explainSignedOut(snapshot.session) : explainWaiting(snapshot, now);
