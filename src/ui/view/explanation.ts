import type { SessionView, Snapshot } from '../../protocol/snapshot.ts';
import { explanationStrings } from '../strings/explanation-strings.ts';
import { signedInSession, statusOf } from '../base/status.ts';
import { fromNow } from '../strings/time.ts';
import { evidence, isCancelled, problemText } from '../strings/problem-text.ts';
import { firstProblem } from './headline.ts';

/** One cause: sentences for the person in front of the screen, and the technical details under them. */
export type Cause = { text: string; evidence?: string | undefined };
/** The question that a person has now, and every known answer. */
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
  const details = problem && evidence(problem);
  // `signedOutText` beside it is the sentence, and a cancelled sign-in has no details worth a look
  if (reason !== 'rejected' && reason !== 'expired')
    return problem && !isCancelled(problem)
      ? { question: t.details, causes: [{ text: '', evidence: details }] }
      : undefined;
  const when = problem?.code === 'lifetime-over' ? ` ${problemText(problem)}` : '';
  return {
    question: t.whySignedOut,
    causes: [{ text: ending(session) + when, evidence: details }, { text: t.whyNotYou }],
  };
};

const explainWaiting = (snapshot: Snapshot, now: number): Explanation | undefined => {
  const session = signedInSession(snapshot.session);
  if (!session) return undefined;
  const t = explanationStrings();
  const causes: Cause[] = [];
  // no sentence is on screen twice; the headline above has said the first problem
  const said = new Set(['', snapshot.online ? firstProblem(snapshot) : '']);
  const add = (details: string | undefined, ...sentences: readonly string[]): void => {
    causes.push({ text: sentences.filter((one) => !said.has(one) && said.add(one)).join(' '), evidence: details });
  };
  if (!snapshot.online) add(undefined, t.whyOffline);
  if (session.state === 'degraded')
    add(evidence(session.problem), problemText(session.problem), t.whyAttempt(session.attempt));
  for (const [url, { state, problem }] of Object.entries(snapshot.sockets)) {
    if (state === 'open' || state === 'parked') continue;
    const details = problem ? evidence(problem) : '';
    add(
      details.includes(url) ? details : [url, details].filter(Boolean).join(' · '),
      problem ? problemText(problem) : '',
      state === 'stopped' ? t.whyStopped : t.whySocket,
    );
  }
  if (causes.length === 0) return undefined;
  const proof = session.verifiedAt === undefined ? t.neverProved : t.lastProof(fromNow(session.verifiedAt, now));
  causes.push({ text: `${proof}.` });
  const status = statusOf(snapshot);
  const question = status === 'offline' ? t.whyOfflineNow : status === 'limited' ? t.whyNotLive : t.whyWaiting;
  return { question, causes };
};

/** `undefined`: there is nothing to explain. `now` in ms since the Unix epoch. */
export const explain = (snapshot: Snapshot, now: number): Explanation | undefined =>
  snapshot.session.state === 'signed-out' ? explainSignedOut(snapshot.session) : explainWaiting(snapshot, now);
