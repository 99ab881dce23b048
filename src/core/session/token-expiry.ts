import type { AccessToken, SessionMachine, Session, SessionPolicy } from './session-types.ts';

/** A clock that stands this far before a token's birth has been set back since. */
const SET_BACK_MS = 60_000;

const clockWasSetBack = (token: AccessToken, now: number): boolean => now < token.issuedAt - SET_BACK_MS;

/**
 * Whether a token may still be sent. One that is brand new is sent whatever its lifetime (`expires_in: 0`
 * happens): the server's 401 decides, and a refresh storm cannot begin.
 */
export const usable = (token: AccessToken | undefined, now: number, policy: SessionPolicy): token is AccessToken =>
  token !== undefined && (now < token.expiresAt - policy.marginMs || Math.abs(now - token.issuedAt) < policy.minAgeMs);

/** When to refresh before anyone has to wait for it; never for a token that lives too briefly to bother. */
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

/** A deadline has come, or the clock was set back since it was set, `spanMs` before it. */
export const isDue = (at: number, spanMs: number, now: number): boolean =>
  at !== Infinity && (now >= at || now < at - spanMs);

/** By this clock, which may be wrong: where there is a refresh token, the server is asked before anything ends. */
export const hasEnded = (session: Session, now: number): boolean =>
  session.endsAt !== undefined && now >= session.endsAt;

/** When the machine wants its next `tick`. Derived, so that no timer can be forgotten or left behind. */
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
    case 'signed-out':
      return Math.min(persist, state.lookAgainAt ?? Infinity);
    case 'establishing':
      return persist;
    case 'refreshing':
    case 'saving':
    case 'ending':
      // Whatever is unsaved is older than what the refresh is about to write.
      return Infinity;
  }
};
