import { parseCookieSessionStatus } from '../../protocol/backend-responses.ts';
import type { TicketConfig } from '../../protocol/config.ts';
import type { Problem } from '../../protocol/problem.ts';
import type { User } from '../../protocol/snapshot.ts';
import { REVOKE_DEADLINE_MS, SIGN_IN_DEADLINE_MS, type Grants } from './sign-in-method.ts';
import { ask, notedIn, placeOf, postJson, QUIET, type Answer } from './http.ts';

const unexpected = ({ at, status, retryAfterMs }: Answer): Problem => {
  if (status === 429) return { code: 'rate-limited', at, status, retryAfterMs };
  return status >= 400
    ? { code: 'server-unavailable', at, status, retryAfterMs }
    : { code: 'unexpected-answer', at, status, detail: 'no status' };
};

export type Standing = { is: 'verified'; user: User } | { is: 'failed'; problem: Problem };

/** An HttpOnly cookie is the session; the keeper holds nothing, and asks the backend whether it stands. */
export type TicketGrants = Grants & { status(): Promise<Standing> };

export const createTicketKind = (config: TicketConfig, origin: string, now: () => number): TicketGrants => ({
  async signIn(order) {
    if (order.kind !== 'ticket') return { is: 'failed', problem: { code: 'unsupported', detail: order.kind } };
    const at = placeOf(config.login, origin);
    const answer = await ask((signal) => postJson(config.login, { apiKey: order.apiKey }, signal), at, {
      deadlineMs: SIGN_IN_DEADLINE_MS,
      now,
    });
    if (!answer.ok) return { is: 'failed', problem: answer.problem };
    const { status, text } = answer.value;
    if (status === 401 || status === 403)
      return { is: 'failed', problem: { code: 'credentials-rejected', at, status } };
    const standing = status === 200 ? parseCookieSessionStatus(text) : undefined;
    if (!standing?.authenticated) return { is: 'failed', problem: unexpected(answer.value) };
    return { is: 'granted', grant: { user: standing.user } };
  },
  async refresh() {
    return { is: 'failed', problem: { code: 'unsupported', detail: 'ticket' }, unanswered: false };
  },
  async revoke() {
    const answer = await ask((signal) => postJson(config.logout, {}, signal), placeOf(config.logout, origin), {
      deadlineMs: REVOKE_DEADLINE_MS,
      now,
    });
    return notedIn(answer);
  },
  async status() {
    const at = placeOf(config.status, origin);
    const answer = await ask((signal) => fetch(config.status, { ...QUIET, signal }), at, {
      deadlineMs: SIGN_IN_DEADLINE_MS,
      now,
    });
    if (!answer.ok) return { is: 'failed', problem: answer.problem };
    const standing = answer.value.status === 200 ? parseCookieSessionStatus(answer.value.text) : undefined;
    if (!standing) return { is: 'failed', problem: unexpected(answer.value) };
    // The backend's own word, in JSON, from the pinned endpoint: the `ticket` kind's `invalid_grant`.
    if (!standing.authenticated)
      return { is: 'failed', problem: { code: 'grant-rejected', at, status: 200, error: 'not_authenticated' } };
    return { is: 'verified', user: standing.user };
  },
});
