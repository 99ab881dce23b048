import type { Problem } from '../../../protocol/problem.ts';
import type { HttpAnswer } from '../../runtime/http.ts';
import { signInFailure } from './sign-in-failure.ts';

/** Servers of their own kind say it in a code such as `invalid_credentials`. */
const namesCredentials = (problem: Problem): boolean =>
  problem.code === 'sign-in-required' && /credential|password|user|email/i.test(problem.error ?? '');

/** A login with this meaning says nothing about a session: `invalid_grant`, for one, is a wrong password. */
export const loginProblem = (problem: Problem, { at, status }: HttpAnswer): Problem => {
  const isRejected = status === 401 || problem.code === 'grant-rejected' || namesCredentials(problem);
  return isRejected ? { code: 'credentials-rejected', at, status } : signInFailure(problem);
};
