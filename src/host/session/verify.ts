import { parseWhoami } from '../../protocol/backend-responses.ts';
import { failedWith, type VerifyResult } from '../auth/sign-in-method.ts';
import { boundedFetch, DIRECT_FETCH, type FetchBounds } from '../runtime/http.ts';
import type { AuthorizedFetch } from './authorized-fetch.ts';

const VERIFY_DEADLINE_MS = 20_000;

/** Asks the application's backend who is signed in. Only its answer proves that the tokens work there. */
export const verifyByWhoami = async (
  url: URL,
  authorizedFetch: AuthorizedFetch,
  bounds: Omit<FetchBounds, 'deadlineMs'>,
): Promise<VerifyResult> => {
  const answer = await boundedFetch((signal) => authorizedFetch(new Request(url, { ...DIRECT_FETCH, signal })), url, {
    ...bounds,
    deadlineMs: VERIFY_DEADLINE_MS,
  });
  if (!answer.ok) return failedWith(answer.problem);
  const { at, status, text } = answer.value;
  const user = status === 200 ? parseWhoami(text) : undefined;
  return user ? { type: 'verified', user } : failedWith({ code: 'unexpected-answer', at, status, detail: 'whoami' });
};
