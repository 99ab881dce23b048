import type { AccessToken, SessionContext, SessionMachine, Session, Verdict } from './session-types.ts';
import type { SessionPolicy } from '../session-policy.ts';

/** A clock this far before a token's issue time was set back. */
const SET_BACK_MS = 60_000;

const clockWasSetBack = (token: AccessToken, now: number): boolean => now < token.issuedAt - SET_BACK_MS;

/**
 * Whether a token may still be sent. A new token is sent even if its lifetime is over, because some providers answer
 * `expires_in: 0`. The server's 401 then decides, and no refresh storm starts.
 */
export const usable = (token: AccessToken | undefined, now: number, policy: SessionPolicy): token is AccessToken =>
  token !== undefined && (now < token.expiresAt - policy.marginMs || Math.abs(now - token.issuedAt) < policy.minAgeMs);

/** The verdict if the token can be sent now. A token that cannot be renewed is sent even after its expiry. */
export const admit = (
  session: Session,
  { now, policy }: Pick<SessionContext, 'now' | 'policy'>,
): Verdict | undefined => {
  const { access, refresh } = session.tokens;
  return usable(access, now, policy) || refresh === undefined || session.kind === 'ticket'
    ? tokenVerdict(session)
    : undefined;
};

/** The verdict with the current token, without a look at its expiry. */
export const tokenVerdict = (session: Session): Verdict | undefined => {
  const { kind, tokens } = session;
  const generation = tokenGeneration(session);
  if (kind === 'ticket') return { type: 'anonymous', generation };
  return tokens.access && { type: 'authorized', generation, token: tokens.access, key: tokens.key };
};

/** The generation of the session's own access token. It is older than the session when a resource's token came later. */
export const tokenGeneration = ({ generation, tokens }: Session): number => tokens.access?.generation ?? generation;

/** When to refresh, so that no request waits. `Infinity` for a token with a very short lifetime. */
export const renewAt = (token: AccessToken, policy: SessionPolicy): number => {
  const lifetime = token.expiresAt - token.issuedAt;
  const lead = Math.min(lifetime * policy.renewLeadShare, policy.renewLeadMaxMs);
  return lead < policy.marginMs ? Infinity : token.expiresAt - lead;
};

export const renewIsDue = (session: Session, now: number, policy: SessionPolicy): boolean => {
  const { access, refresh } = session.tokens;
  if (!access || !refresh) return false;
  return now >= renewAt(access, policy) || clockWasSetBack(access, now);
};

/** Whether the time is `at` or later. A time more than `spanMs` earlier means that the clock was set back. */
export const isDue = (at: number, spanMs: number, now: number): boolean =>
  at !== Infinity && (now >= at || now < at - spanMs);

/** By this clock, which may be wrong. With a refresh token, the provider decides before the session ends. */
export const hasEnded = (session: Session, now: number): boolean =>
  session.endsAt !== undefined && now >= session.endsAt;

/** When the machine needs its next `tick`. It is derived from the state, so that no timer is missed or left over. */
export const wakeAt = ({ state, unsaved, verifying }: SessionMachine, policy: SessionPolicy): number => {
  const persist = unsaved?.retryAt ?? Infinity;
  switch (state.state) {
    case 'starting':
      return Math.min(persist, state.retryAt ?? Infinity);
    case 'active': {
      const { access, refresh } = state.session.tokens;
      const renew = access && refresh ? renewAt(access, policy) : Infinity;
      const proof = verifying?.state === 'backoff' ? verifying.retryAt : Infinity;
      return Math.min(persist, renew, proof, state.session.endsAt ?? Infinity);
    }
    case 'degraded':
      return Math.min(persist, state.nextTryAt);
    case 'sign-in-required':
      return Math.min(
        persist,
        state.nextTryAt,
        state.session.tokens.refresh ? Infinity : (state.session.endsAt ?? Infinity),
      );
    case 'signed-out':
      return Math.min(persist, state.lookAgainAt ?? Infinity);
    case 'establishing':
      return persist;
    case 'refreshing':
    case 'saving':
    case 'ending':
      // An unsaved record is older than the one that the refresh writes.
      return Infinity;
  }
};
