import type { SessionView } from '../../protocol/snapshot.ts';

/**
 * What a gate shows; `leaving` is the page of somebody who is not there any more, on its way out. `ended` is a session
 * that the server ended while its page was in use: the page stays as it is, out of reach, until the same person is
 * back. `extending` is a person who signs in again before the end. `sub` is whose page it is, as far as known.
 */
export type GateView = {
  state: 'restoring' | 'signed-in' | 'extending' | 'ended' | 'signed-out' | 'leaving';
  sub?: string | undefined;
};

const IN_USE: readonly GateView['state'][] = ['signed-in', 'extending', 'ended'];

/** The page is on screen, whether or not a dialog is over it. */
export const isInUse = ({ state }: GateView): boolean => IN_USE.includes(state);

/**
 * `starting` never changes what is shown: not at load (that would flash the login page), not when a fresh worker
 * reads the disk under a page in use, not while a sign-in is being finished. Whose page it is, only the same person may
 * see: of a session that is new, the backend has to say first whose it is.
 */
export const nextView = (view: GateView, session: SessionView): GateView => {
  if (session.state === 'starting' || view.state === 'leaving') return view;
  if (session.state !== 'signed-out') {
    const state = view.state === 'extending' ? 'extending' : 'signed-in';
    if (session.user) return { state, sub: session.user.sub };
    if (view.sub === undefined) return { state };
    return view.state === 'ended' ? view : { state: 'restoring', sub: view.sub };
  }
  return { state: isInUse(view) && session.reason !== 'user' ? 'ended' : 'signed-out', sub: view.sub };
};

/** The page on screen is somebody else's: it must not be shown to this person. */
export const isOtherUser = (before: GateView, after: GateView): boolean =>
  before.sub !== undefined && after.sub !== undefined && before.sub !== after.sub;
