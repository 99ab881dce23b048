import type { SessionView, Snapshot } from '../../protocol/snapshot.ts';

/**
 * What `<session-gate>` shows. `sub` is the user of the page on screen, once the backend has named one. `name` is the session
 * that this tab shows, where the origin has several.
 * - `ended`: the server ended the session while its page was in use. The page stays, inert, until the same user is back.
 * - `extending`: a signed-in user signs in again before the session ends.
 * - `asked`: the provider does not renew the session without the user. The page stays in use. `declined`: the user closed
 *   the dialog.
 * - `leaving`: another user is signed in now; the page of the first one is being reloaded.
 */
export type GateView = {
  state: 'restoring' | 'signed-in' | 'extending' | 'asked' | 'ended' | 'signed-out' | 'leaving';
  sub?: string | undefined;
  name?: string | undefined;
  declined?: true;
};

/** The sign-in page is over the page on screen. */
export const hasDialog = ({ state }: GateView): boolean =>
  state === 'ended' || state === 'extending' || state === 'asked';

const IN_USE: readonly GateView['state'][] = ['signed-in', 'extending', 'asked', 'ended'];

/** The page is on screen, with or without a dialog over it. */
export const isInUse = ({ state }: GateView): boolean => IN_USE.includes(state);

/**
 * The view after a new snapshot. A session in state `starting` never changes the view. At load the sign-in form
 * would flash up. Later a restarted worker reads the disk, or a sign-in completes. Only its own user may see a page
 * again, so a new session shows nothing until the backend has named the user.
 *
 * A tab that shows another session starts again: that no one is signed in there does not end the former session.
 */
export const nextView = (
  view: GateView,
  { session, sessionName: name }: Pick<Snapshot, 'session' | 'sessionName'>,
): GateView => {
  if (session.state === 'starting' || view.state === 'leaving') return view;
  const former: GateView = view.name === name ? view : { state: 'restoring', sub: view.sub };
  return { ...viewOf(former, session), name };
};

const viewOf = (view: GateView, session: Exclude<SessionView, { state: 'starting' }>): GateView => {
  if (session.state !== 'signed-out') {
    const shown = shownTo(view, session);
    if (session.user) return { ...shown, sub: session.user.sub };
    if (view.sub === undefined) return shown;
    return view.state === 'ended' ? view : { state: 'restoring', sub: view.sub };
  }
  return { state: isInUse(view) && session.reason !== 'user' ? 'ended' : 'signed-out', sub: view.sub };
};

/** The page of a signed-in user, perhaps with a dialog over it. */
const shownTo = (view: GateView, { state }: SessionView): GateView => {
  if (view.state === 'extending') return { state: 'extending' };
  if (state !== 'sign-in-required') return { state: 'signed-in' };
  return view.declined ? { state: 'signed-in', declined: true } : { state: 'asked' };
};

export const isSameView = (one: GateView, other: GateView): boolean =>
  one.state === other.state && one.sub === other.sub && one.name === other.name && one.declined === other.declined;

/** The page on screen belongs to another user, so this user must not see it. */
export const isOtherUser = (before: GateView, after: GateView): boolean =>
  before.sub !== undefined && after.sub !== undefined && before.sub !== after.sub;
