import { parseCookieSessionStatus } from '../../protocol/backend-responses.ts';
import type { TicketConfig } from '../../protocol/config.ts';
import type { Problem } from '../../protocol/problem.ts';
import type { User } from '../../protocol/snapshot.ts';
import { REVOKE_DEADLINE_MS, SIGN_IN_DEADLINE_MS, type SignInMethod } from './sign-in-method.ts';
import { boundedFetch, revocationResultOf, endpointName, postJson, DIRECT_FETCH, type HttpAnswer } from './http.ts';

const unexpected = ({ at, status, retryAfterMs }: HttpAnswer): Problem => {
  if (status === 429) return { code: 'rate-limited', at, status, retryAfterMs };
  return status >= 400
    ? { code: 'server-unavailable', at, status, retryAfterMs }
    : { code: 'unexpected-answer', at, status, detail: 'no status' };
};

export type VerifyResult = { type: 'verified'; user: User } | { type: 'failed'; problem: Problem };

/** An HttpOnly cookie is the session; the keeper holds nothing, and asks the backend whether it stands. */
export type CookieMethod = SignInMethod & { status(): Promise<VerifyResult> };

export const createCookieMethod = (config: TicketConfig, origin: string, now: () => number): CookieMethod => ({
  async signIn(order) {
    if (order.kind !== 'ticket') return { type: 'failed', problem: { code: 'unsupported', detail: order.kind } };
    const at = endpointName(config.login, origin);
    const answer = await boundedFetch((signal) => postJson(config.login, { apiKey: order.apiKey }, signal), at, {
      deadlineMs: SIGN_IN_DEADLINE_MS,
      now,
    });
    if (!answer.ok) return { type: 'failed', problem: answer.problem };
    const { status, text } = answer.value;
    if (status === 401 || status === 403)
      return { type: 'failed', problem: { code: 'credentials-rejected', at, status } };
    const standing = status === 200 ? parseCookieSessionStatus(text) : undefined;
    if (!standing?.authenticated) return { type: 'failed', problem: unexpected(answer.value) };
    return { type: 'granted', grant: { user: standing.user } };
  },
  async refresh() {
    return { is: 'failed', problem: { code: 'unsupported', detail: 'ticket' }, unanswered: false };
  },
  async revoke() {
    const answer = await boundedFetch(
      (signal) => postJson(config.logout, {}, signal),
      endpointName(config.logout, origin),
      {
        deadlineMs: REVOKE_DEADLINE_MS,
        now,
      },
    );
    return revocationResultOf(answer);
  },
  async status() {
    const at = endpointName(config.status, origin);
    const answer = await boundedFetch((signal) => fetch(config.status, { ...DIRECT_FETCH, signal }), at, {
      deadlineMs: SIGN_IN_DEADLINE_MS,
      now,
    });
    if (!answer.ok) return { type: 'failed', problem: answer.problem };
    const standing = answer.value.status === 200 ? parseCookieSessionStatus(answer.value.text) : undefined;
    if (!standing) return { type: 'failed', problem: unexpected(answer.value) };
    // The backend's own word, in JSON, from the pinned endpoint: the `ticket` kind's `invalid_grant`.
    if (!standing.authenticated)
      return { type: 'failed', problem: { code: 'grant-rejected', at, status: 200, error: 'not_authenticated' } };
    return { type: 'verified', user: standing.user };
  },
});
