import type { Problem } from '../../protocol/problem.ts';
import type { SessionView } from '../../protocol/snapshot.ts';
import { named, words } from './messages.ts';
import { dateTime } from './time.ts';

const MS_PER_SECOND = 1000;

/** What went wrong, in one or two short sentences for the person in front of the screen. */
export const problemWords = (problem: Problem): string => {
  const say = words();
  switch (problem.code) {
    case 'server-unavailable':
      return say.serverProblem(problem.status);
    case 'rate-limited':
      return problem.retryAfterMs === undefined
        ? say.problem[problem.code]
        : say.tooOften(Math.ceil(problem.retryAfterMs / MS_PER_SECOND));
    case 'lifetime-over':
      return say.lifetimeOver(dateTime(problem.endedAt));
    case 'sign-in-refused':
      return problem.error === 'access_denied' ? say.signInCancelled : say.problem[problem.code];
    default:
      return named(say.problem, problem.code);
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
export const signedOutWords = ({ reason, problem }: Extract<SessionView, { state: 'signed-out' }>): string =>
  reason === 'never' && problem ? problemWords(problem) : named(words().reason, reason);
