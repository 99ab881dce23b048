import type { SessionView } from '../protocol/snapshot.ts';

/**
 * What a gate shows. `ended` is a session that the server ended while its page was in use: the page stays as it
 * is, out of reach, until the same person is back. `sub` is whose page it is, as far as known.
 */
export type GateView = { name: 'restoring' | 'signed-in' | 'ended' | 'signed-out'; sub?: string | undefined };

/**
 * `starting` never changes what is shown: not at load (that would flash the login page), not when a fresh worker
 * reads the disk under a page in use, not while a sign-in is being finished.
 */
export const nextView = (view: GateView, session: SessionView): GateView => {
  if (session.state === 'starting') return view;
  if (session.state !== 'signed-out') return { name: 'signed-in', sub: session.user?.sub ?? view.sub };
  const inUse = view.name === 'signed-in' || view.name === 'ended';
  return { name: inUse && session.reason !== 'user' ? 'ended' : 'signed-out', sub: view.sub };
};

/** The page on screen is somebody else's: it must not be shown to this person. */
export const isSomeoneElse = (before: GateView, after: GateView): boolean =>
  before.sub !== undefined && after.sub !== undefined && before.sub !== after.sub;
