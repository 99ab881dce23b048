import type { Keeper } from '../../page/types/types.ts';
import type { Snapshot } from '../../protocol/snapshot.ts';
import { words } from '../strings/messages.ts';
import { signedIn, type Status } from '../base/status.ts';
import { hourMinute } from '../strings/time.ts';

/** Something worth interrupting for, calmly. */
export type Notice = { id: 'update' | 'ending' | 'offline' | 'memory'; title: string; detail: string };

/** A session's end is announced this long before it comes: time to finish a sentence and sign in (WCAG 2.2.1). */
export const ENDING_SOON_MS = 5 * 60_000;

/** The most pressing first. `shown` is the status that is shown, which keeps quiet about trouble that is seconds old. */
export const noticesOf = (
  snapshot: Snapshot | undefined,
  update: Keeper['update'] | undefined,
  shown: Status,
  now: number,
): readonly Notice[] => {
  const say = words();
  const session = snapshot && signedIn(snapshot.session);
  const notices: Notice[] = [];
  if (session?.endsAt !== undefined && session.endsAt - now < ENDING_SOON_MS)
    notices.push({ id: 'ending', title: say.endsSoon(hourMinute(session.endsAt)), detail: say.endsSoonDetail });
  if (update?.ready) notices.push({ id: 'update', title: say.newVersion, detail: say.newVersionDetail });
  if (shown === 'offline')
    notices.push({
      id: 'offline',
      title: say.youAreOffline,
      detail: session ? say.offlineSignedIn : say.offlineSignedOut,
    });
  if (session && snapshot.durability === 'memory')
    notices.push({ id: 'memory', title: say.notSaved, detail: say.notSavedDetail });
  return notices;
};
