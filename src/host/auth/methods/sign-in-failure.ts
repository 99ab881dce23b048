import type { Problem } from '../../../protocol/problem.ts';

/** The path exists nowhere on this server: the configuration names another one. */
const isWrongPath = (status: number): boolean => status === 404 || status === 405 || status === 410;

/**
 * What a token endpoint's answer means for a sign-in. Only its meaning for a session that exists is that of a refresh: 503
 * is no refusal, and a wrong path is no server that is down.
 */
export const signInFailure = (problem: Problem): Problem => {
  switch (problem.code) {
    case 'grant-rejected':
    case 'sign-in-required':
      return { code: 'sign-in-refused', error: problem.error ?? `HTTP ${problem.status}` };
    case 'refresh-refused':
      return { code: 'sign-in-refused', error: `HTTP ${problem.status}` };
    case 'server-unavailable':
      return isWrongPath(problem.status)
        ? { code: 'misconfigured', at: problem.at, detail: `HTTP ${problem.status}` }
        : problem;
    default:
      return problem;
  }
};
