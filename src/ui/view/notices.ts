import type { Keeper } from '../../page/types/types.ts';
import type { Snapshot } from '../../protocol/snapshot.ts';
import { appStrings } from '../strings/app-strings.ts';
import { strings } from '../strings/strings.ts';
import { signedInSession, type Status } from '../base/status.ts';
import { hourMinute } from '../text/time.ts';

/** Something that deserves a line above the page. */
export type Notice = { id: 'update' | 'ending' | 'sign-in' | 'offline' | 'memory'; title: string; detail: string };

/** A session's end is announced so early that a person can finish a sentence and sign in again (WCAG 2.2.1). */
export const ENDING_SOON_MS = 5 * 60_000;

/** The most urgent notice first. `shown` is the settled status, which does not mention trouble that is seconds old. */
export const noticesOf = (
  snapshot: Snapshot | undefined,
  update: Keeper['update'] | undefined,
  shown: Status,
  now: number,
): readonly Notice[] => {
  const t = appStrings();
  const session = snapshot && signedInSession(snapshot.session);
  const notices: Notice[] = [];
  // Not before the headline says it.
  if (session?.state === 'sign-in-required' && (shown === 'sign-in-required' || shown === 'offline'))
    notices.push({
      id: 'sign-in',
      title: t.renewalStopped,
      detail: `${t.signInToContinue} ${strings().keptMeanwhile}`,
    });
  if (session?.endsAt !== undefined && session.endsAt - now < ENDING_SOON_MS)
    notices.push({ id: 'ending', title: t.endsSoon(hourMinute(session.endsAt)), detail: t.endsSoonDetail });
  if (update?.ready) notices.push({ id: 'update', title: t.newVersion, detail: t.newVersionDetail });
  if (shown === 'offline')
    notices.push({
      id: 'offline',
      title: t.youAreOffline,
      detail: session ? strings().offlineDetail : t.offlineSignedOut,
    });
  if (session && snapshot.durability === 'memory')
    notices.push({ id: 'memory', title: t.notSaved, detail: t.notSavedDetail });
  return notices;
};
