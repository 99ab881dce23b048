import type { RevocationResult } from './http.ts';
import type { Session, SignInOrder } from '../../core/session/session-types.ts';
import type { TokenVerdict } from '../../core/session/token-response.ts';
import type { Grant } from '../../core/session/session-types.ts';
import type { Problem } from '../../protocol/problem.ts';

export type SignInOutcome =
  | { type: 'redirect'; url: string }
  | { type: 'granted'; grant: Grant }
  | { type: 'failed'; problem: Problem };

/** One kind of signing in, all of its network. Nothing here decides what an answer means for the session. */
export type SignInMethod = {
  signIn(order: SignInOrder): Promise<SignInOutcome>;
  refresh(session: Session): Promise<TokenVerdict>;
  /** Tells the server of its end. */
  revoke(session: Session): Promise<RevocationResult>;
};

/**
 * How long to wait for a token endpoint, ms. Giving up on a request that the server may yet serve means presenting the
 * same token twice (measured on nine libraries: those that gave up at 10 s were signed out), which is harmless only within a known reuse grace.
 */
export const tokenDeadline = (reuseGraceMs: number): number => (reuseGraceMs >= 20_000 ? 10_000 : 120_000);

export const SIGN_IN_DEADLINE_MS = 20_000;
export const REVOKE_DEADLINE_MS = 10_000;
