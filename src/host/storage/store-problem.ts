import type { Problem } from '../../protocol/problem.ts';

/** The problem that an error of IndexedDB means. */
export const storeProblem = (error: unknown): Problem => {
  const name = error instanceof Error ? error.name : 'Error';
  if (name === 'VersionError') return { code: 'store-newer' };
  if (name === 'QuotaExceededError') return { code: 'store-full' };
  return { code: 'store-unavailable', detail: name };
};
