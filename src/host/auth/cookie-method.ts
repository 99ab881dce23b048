import { parseCookieSessionStatus } from '../../protocol/backend-responses.ts';
import type { TicketConfig } from '../../protocol/config.ts';
import type { Problem } from '../../protocol/problem.ts';
import { boundedFetch, DIRECT_FETCH, postJson, type HttpAnswer } from '../runtime/http.ts';
import {
  failedWith,
  REVOKE_DEADLINE_MS,
  revocationResultOf,
  SIGN_IN_DEADLINE_MS,
  type SignInMethod,
  type VerifyResult,
} from './sign-in-method.ts';

const unexpected = ({ at, status, retryAfterMs }: HttpAnswer): Problem => {
  if (status === 429) return { code: 'rate-limited', at, status, retryAfterMs };
  return status >= 400
    ? { code: 'server-unavailable', at, status, retryAfterMs }
    : { code: 'unexpected-answer', at, status, detail: 'no status' };
};

/** An HttpOnly cookie is the session. The keeper holds no token, and asks the backend whether the session is valid. */
export type CookieMethod = SignInMethod & { verify(): Promise<VerifyResult> };

/** The sign-in method `ticket`. */
export const createCookieMethod = (config: TicketConfig, origin: string, now: () => number): CookieMethod => {
  const bounds = { origin, deadlineMs: SIGN_IN_DEADLINE_MS, now };
  return {
    async signIn(order) {
      if (order.kind !== 'ticket') return failedWith({ code: 'unsupported', detail: order.kind });
      const answer = await postJson(config.login, { apiKey: order.apiKey }, bounds);
      if (!answer.ok) return failedWith(answer.problem);
      const { at, status, text } = answer.value;
      if (status === 401 || status === 403) return failedWith({ code: 'credentials-rejected', at, status });
      const session = status === 200 ? parseCookieSessionStatus(text) : undefined;
      if (!session?.authenticated) return failedWith(unexpected(answer.value));
      return { type: 'granted', grant: { user: session.user } };
    },
    async refresh() {
      return { type: 'failed', problem: { code: 'unsupported', detail: 'ticket' }, unanswered: false };
    },
    async revoke() {
      return revocationResultOf(await postJson(config.logout, {}, { ...bounds, deadlineMs: REVOKE_DEADLINE_MS }));
    },
    async verify() {
      const send = (signal: AbortSignal): Promise<Response> => fetch(config.status, { ...DIRECT_FETCH, signal });
      const answer = await boundedFetch(send, config.status, bounds);
      if (!answer.ok) return failedWith(answer.problem);
      const { at, status, text } = answer.value;
      const session = status === 200 ? parseCookieSessionStatus(text) : undefined;
      if (!session) return failedWith(unexpected(answer.value));
      // JSON from the configured endpoint itself: for a cookie session this is what `invalid_grant` is for tokens.
      if (!session.authenticated) return failedWith({ code: 'grant-rejected', at, status, error: 'not_authenticated' });
      return { type: 'verified', user: session.user };
    },
  };
};
