import type { TokenResponse, Session, SignInCommand } from '../../../core/session/session-types.ts';
import type { TokenVerdict } from '../../../core/token-endpoint/token-response.ts';
import type { Problem } from '../../../protocol/problem.ts';
import type { User } from '../../../protocol/snapshot.ts';
import type { ConnectionCheck } from '../../runtime/connections.ts';

export type SignInOutcome =
  | { type: 'redirect'; url: string }
  | { type: 'granted'; grant: TokenResponse }
  | { type: 'failed'; problem: Problem };

/**
 * The application's backend knows the session, or it does not. `generation`: that of the token which the request had at
 * last. Absent without a token.
 */
export type VerifyResult =
  | { type: 'verified'; user: User; generation?: number | undefined }
  | { type: 'failed'; problem: Problem };

/** What each method needs for its requests: the origin of this host, and a clock. */
export type MethodBounds = { origin: string; now(): number; connections: ConnectionCheck };

export const failedWith = (problem: Problem) => ({ type: 'failed', problem }) as const;

/**
 * `true`: the server needs no further request. A number: send the request again, after at least so many ms. A problem: the
 * server does not end the tokens, and no further request changes that.
 */
export type RevocationResult = true | number | Problem;

/** One way to sign in, with all of its network. It does not decide what an answer means for the session. */
export type SignInMethod = {
  signIn(order: SignInCommand): Promise<SignInOutcome>;
  /** `resource`: the name of the one that the access token is for (`resourceOf` in request-policy.ts). */
  refresh(session: Session, resource?: string): Promise<TokenVerdict>;
  /** Informs the server that the session has ended (RFC 7009, or a log-out endpoint). */
  revoke(session: Session): Promise<RevocationResult>;
};

/**
 * How long to wait for a token endpoint (ms). A short deadline makes the client send the same token twice while the
 * server still works. That is harmless only within the server's reuse grace. Of nine libraries, those that gave up
 * after 10 s lost the session (measured).
 */
export const tokenDeadline = (reuseGraceMs: number): number => (reuseGraceMs >= 20_000 ? 10_000 : 120_000);

export const SIGN_IN_DEADLINE_MS = 20_000;
export const REVOKE_DEADLINE_MS = 10_000;
