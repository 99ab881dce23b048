import { errorOf } from '../../../core/token-endpoint/token-error.ts';
import type { Result } from '../../../protocol/problem.ts';
import type { HttpAnswer } from '../../runtime/http.ts';
import type { RevocationResult } from './sign-in-method.ts';

/** The server names the token, or its session, as what is wrong: there is nothing left to end. */
const GONE = /^(invalid_(token|grant)|(refresh_)?token_(not_found|expired|revoked|already_used)|session_not_found)$/;

/**
 * 2xx, or a 4xx that names a token which is over already: the server knows. 400, 401, 404, 405, 410 or 501 otherwise: it
 * will never end this token, and people must learn that. A redirect, a firewall's 403, 408, 429 and 5xx say nothing about
 * the token (RFC 7009 §2.2.1), so the request is due again.
 */
export const revocationResultOf = (answer: Result<HttpAnswer>): RevocationResult => {
  if (!answer.ok) return 0;
  const { at, status, retryAfterMs = 0 } = answer.value;
  if (status >= 200 && status < 300) return true;
  if (![400, 401, 404, 405, 410, 501].includes(status)) return retryAfterMs;
  const error = errorOf(answer.value);
  return error !== undefined && GONE.test(error) ? true : { code: 'revocation-refused', at, status, error };
};
