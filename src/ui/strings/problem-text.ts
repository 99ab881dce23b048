import type { Problem } from '../../protocol/problem.ts';
import type { SessionView } from '../../protocol/snapshot.ts';
import { labelFor, strings } from './strings.ts';
import { dateTime } from './time.ts';

const MS_PER_SECOND = 1000;

/** What went wrong, in one or two short sentences for the person in front of the screen. */
export const problemText = (problem: Problem): string => {
  const t = strings();
  switch (problem.code) {
    case 'server-unavailable':
      return t.serverProblem(problem.status);
    case 'rate-limited':
      return problem.retryAfterMs === undefined
        ? t.problem[problem.code]
        : t.tooOften(Math.ceil(problem.retryAfterMs / MS_PER_SECOND));
    case 'lifetime-over':
      return t.lifetimeOver(dateTime(problem.endedAt));
    case 'sign-in-refused':
      return problem.error === 'access_denied' ? t.signInCancelled : t.problem[problem.code];
    default:
      return labelFor(t.problem, problem.code);
  }
};

/** The facts behind a problem, for those who want to look into it: endpoint, HTTP status, error code. */
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

/** Why nobody is signed in, or what keeps anybody from being so. */
export const signedOutText = ({ reason, problem }: Extract<SessionView, { state: 'signed-out' }>): string =>
  reason === 'never' && problem ? problemText(problem) : labelFor(strings().reason, reason);
