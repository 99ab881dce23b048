import type { Snapshot } from '../../protocol/snapshot.ts';
import { isRedirected, troubleOf, type SignedInSession } from '../base/status.ts';

/** `title`: what comes at the end of the access token. `foot`: what holds until then; `unknown` says nothing. */
export type TokenOutlook = { title: 'renews' | 'expires'; foot: 'by-itself' | 'works' | 'unknown' };

/** A renewal is overdue. While the next attempt runs, the failure before it stays. */
const isOverdue = (session: SignedInSession): boolean =>
  session.state === 'degraded' ||
  session.state === 'sign-in-required' ||
  (session.state === 'refreshing' && session.attempt !== undefined);

/**
 * What the interface may promise of the access token. A token that the server refuses, or a server out of reach, lets no
 * request through, however long the token lasts.
 */
export const tokenOutlook = (session: SignedInSession, { online }: Pick<Snapshot, 'online'>): TokenOutlook => {
  const problem = troubleOf(session);
  if (!isOverdue(session)) return { title: 'renews', foot: problem ? 'unknown' : 'by-itself' };
  const isBlocked =
    isRedirected(session) || problem?.code === 'token-refused' || problem?.code === 'network-unreachable';
  return { title: 'expires', foot: online && !isBlocked ? 'works' : 'unknown' };
};
