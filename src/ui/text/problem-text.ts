import { INSECURE_ADDRESS } from '../../protocol/bridge/bridge-constants.ts';
import type { Problem } from '../../protocol/problem.ts';
import type { SessionView } from '../../protocol/snapshot.ts';
import { labelFor } from '../strings/frame-strings.ts';
import { strings } from '../strings/strings.ts';
import { dateTime } from './time.ts';

/** What went wrong, in one or two short sentences for the person in front of the screen. */
export const problemText = (problem: Problem): string => {
  const t = strings();
  switch (problem.code) {
    case 'server-unavailable':
      return t.serverProblem(problem.status);
    case 'lifetime-over':
      return t.lifetimeOver(dateTime(problem.endedAt));
    case 'no-worker':
      return problem.detail === INSECURE_ADDRESS ? t.insecureAddress : t.problem['no-worker'];
    default:
      return isCancelled(problem) ? t.signInCancelled : labelFor(t.problem, problem.code);
  }
};

/** What went wrong with a live connection. The credentials are those of the session, and the person typed none. */
export const connectionProblemText = (problem: Problem): string =>
  problem.code === 'credentials-rejected' ? strings().notAllowed : problemText(problem);

/** `access_denied`: the person pressed "Cancel" at the provider (RFC 6749 §4.1.2.1). */
export const isCancelled = (problem: Problem): boolean =>
  problem.code === 'sign-in-refused' && problem.error === 'access_denied';

/** The technical detail of a problem: "grant-rejected · /token · HTTP 400 · invalid_grant". */
export const evidence = (problem: Problem): string =>
  [
    problem.code,
    'at' in problem && problem.at,
    'status' in problem && `HTTP ${problem.status}`,
    'error' in problem && problem.error,
    'detail' in problem && problem.detail,
  ]
    .filter(Boolean)
    .join(' · ');

type SignedOut = Extract<SessionView, { state: 'signed-out' }>;

/** Why this person is signed out, or what keeps them from signing in. Empty before a first sign-in. */
export const signedOutText = ({ reason, problem, signInProblem }: SignedOut): string => {
  // The form shows it as an alert.
  if (signInProblem) return labelFor(strings().reason, reason);
  if (problem?.code === 'revocation-refused') return `${labelFor(strings().reason, reason)} ${problemText(problem)}`;
  return reason === 'never' && problem ? problemText(problem) : labelFor(strings().reason, reason);
};
