import type { SessionView, Snapshot } from '../../protocol/snapshot.ts';
import { explanationStrings } from './explanation-strings.ts';
import { signedInSession, statusOf, troubleOf, type Status } from '../base/status.ts';
import { fromNow } from '../text/time.ts';
import { connectionProblemText, evidence, isCancelled, problemText } from '../text/problem-text.ts';
import { firstProblem } from './headline.ts';

/** One cause: sentences for the person in front of the screen, and the technical details under them. */
export type Cause = { text: string; evidence?: string | undefined };
/** The question that a person has now, and every known answer. */
export type Explanation = { question: string; causes: readonly Cause[] };

type SignedOut = Extract<SessionView, { state: 'signed-out' }>;

const ending = ({ reason, problem, endedBy = problem }: SignedOut): string => {
  const t = explanationStrings();
  if (endedBy?.code === 'answer-lost') return t.whyLost;
  return reason === 'expired' ? t.whyExpired : t.whyRejected;
};

const explainSignedOut = (session: SignedOut): Explanation | undefined => {
  const t = explanationStrings();
  const { reason, signInProblem } = session;
  // A failed sign-in since then says nothing about the end of the session.
  const problem = session.endedBy ?? session.problem;
  const details = problem && evidence(problem);
  // `signedOutText` beside it is the sentence, and a cancelled sign-in has no details worth a look
  if (reason !== 'rejected' && reason !== 'expired')
    return problem && !isCancelled(problem)
      ? { question: t.details, causes: [{ text: '', evidence: details }] }
      : undefined;
  const when = problem?.code === 'lifetime-over' ? ` ${problemText(problem)}` : '';
  const failure = signInProblem ? [{ text: t.whySignInFailed, evidence: evidence(signInProblem) }] : [];
  return {
    question: t.whySignedOut,
    causes: [...failure, { text: ending(session) + when, evidence: details }, { text: t.whyNotYou }],
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
  const trouble = troubleOf(session);
  if (trouble) {
    const attempts = 'attempt' in session && session.attempt ? t.whyAttempt(session.attempt) : '';
    add(evidence(trouble), problemText(trouble), session.state === 'sign-in-required' ? t.whyAsked : attempts);
  }
  for (const [url, { state, problem }] of Object.entries(snapshot.sockets)) {
    if (state === 'open' || state === 'parked') continue;
    const details = problem ? evidence(problem) : '';
    add(
      details.includes(url) ? details : [url, details].filter(Boolean).join(' · '),
      problem ? connectionProblemText(problem) : '',
      state === 'stopped' ? t.whyStopped : t.whySocket,
    );
  }
  if (causes.length === 0) return undefined;
  const proof = session.verifiedAt === undefined ? t.neverProved : t.lastProof(fromNow(session.verifiedAt, now));
  causes.push({ text: `${proof}.` });
  const status = statusOf(snapshot);
  return { question: questionOf(status, trouble !== undefined), causes };
};

const questionOf = (status: Status, isSessionInTrouble: boolean): string => {
  const t = explanationStrings();
  switch (status) {
    case 'offline':
      return t.whyOfflineNow;
    case 'sign-in-required':
      return t.whySignInAgain;
    case 'limited':
      return isSessionInTrouble ? t.whyNotAccepted : t.whyNotLive;
    default:
      return t.whyWaiting;
  }
};

/** `undefined`: there is nothing to explain. `now` in ms since the Unix epoch. */
export const explain = (snapshot: Snapshot, now: number): Explanation | undefined =>
  snapshot.session.state === 'signed-out' ? explainSignedOut(snapshot.session) : explainWaiting(snapshot, now);
