import type { Session } from '../../core/session/session-types.ts';

/**
 * Whether revoking `session` would end the `current` one as well. A cookie is one for all sign-ins. A provider may have
 * one grant for a person and a client, and revokes it with any of its refresh tokens (RFC 7009 §2.1).
 */
export const revocationEndsCurrent = (
  session: Session,
  current: Session | undefined,
  grantPerSignIn: boolean | undefined,
): boolean =>
  session.kind === current?.kind &&
  (session.kind === 'ticket' ||
    (session.kind === 'oidc' && !grantPerSignIn && session.user?.sub === current.user?.sub));
