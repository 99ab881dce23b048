import type { Keeper } from '../page/types/types.ts';
import { unread } from '../ui/index.ts';

/** How many things want a person: a session that has ended is one, each unread message is one. */
const badgeCount = ({ session }: Keeper['snapshot'], messages: number): number => {
  const ended = session.state === 'signed-out' && (session.reason === 'rejected' || session.reason === 'expired');
  return messages + (ended ? 1 : 0);
};

/** The installed app's icon says so, where it has one. */
export const keepBadge = (keeper: Keeper): void => {
  // not everywhere, whatever the types say
  if (!('setAppBadge' in navigator)) return;
  let shown: number | undefined;
  const show = (): void => {
    const count = badgeCount(keeper.snapshot, unread.value);
    if (count === shown) return;
    shown = count;
    // zero clears it; where the app is not installed there is no icon
    navigator.setAppBadge(count).catch(() => undefined);
  };
  keeper.subscribe(show);
  unread.subscribe(show);
};
