import type { Problem } from '../protocol/problem.ts';
import type { SessionPolicy } from './session-policy.ts';

/** Proxies say these two of a request that came too slowly or too early. */
const SLOW_OR_EARLY: readonly number[] = [408, 425];

/** The endpoint plainly answers, and refuses. Perhaps the session is dead, in words that only its backend knows. */
export const isRefusal = (problem: Problem): boolean =>
  problem.code === 'refresh-refused' ||
  (problem.code === 'server-unavailable' && problem.status < 500 && !SLOW_OR_EARLY.includes(problem.status));

/**
 * The least pause (ms) after so many failures in a row. One refusal may be a moment of a deploy. After the second one there are
 * two attempts a minute: a dead session must be no load.
 */
export const refusalPause = (problem: Problem, attempt: number, { refusalRetryMs }: SessionPolicy): number => {
  if (attempt < 2 || !isRefusal(problem)) return 0;
  return attempt === 2 ? 2 * refusalRetryMs : refusalRetryMs;
};
