import type { SessionView } from '../../protocol/snapshot.ts';

/**
 * What a gate shows; `leaving` is the page of somebody who is not there any more, on its way out. `ended` is a session
 * that the server ended while its page was in use: the page stays as it is, out of reach, until the same person is
 * back. `extending` is a person who signs in again before the end. `sub` is whose page it is, as far as known.
 */
export type GateView = {
  name: 'restoring' | 'signed-in' | 'extending' | 'ended' | 'signed-out' | 'leaving';
  sub?: string | undefined;
};

const IN_USE: readonly GateView['name'][] = ['signed-in', 'extending', 'ended'];

/** The page is on screen, whether or not a dialog is over it. */
export const isInUse = ({ name }: GateView): boolean => IN_USE.includes(name);

/**
 * `starting` never changes what is shown: not at load (that would flash the login page), not when a fresh worker
 * reads the disk under a page in use, not while a sign-in is being finished. Whose page it is, only the same person may
 * see: of a session that is new, the backend has to say first whose it is.
 */
export const nextView = (view: GateView, session: SessionView): GateView => {
  if (session.state === 'starting' || view.name === 'leaving') return view;
  if (session.state !== 'signed-out') {
    const name = view.name === 'extending' ? 'extending' : 'signed-in';
    if (session.user) return { name, sub: session.user.sub };
    if (view.sub === undefined) return { name };
    return view.name === 'ended' ? view : { name: 'restoring', sub: view.sub };
  }
  return { name: isInUse(view) && session.reason !== 'user' ? 'ended' : 'signed-out', sub: view.sub };
};

/** The page on screen is somebody else's: it must not be shown to this person. */
export const isSomeoneElse = (before: GateView, after: GateView): boolean =>
  before.sub !== undefined && after.sub !== undefined && before.sub !== after.sub;
