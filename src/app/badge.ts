import type { Keeper } from '../page/types.ts';
import { unread } from '../ui/index.ts';

type Badge = { is: 'none' } | { is: 'flag' } | { is: 'count'; count: number };

const badgeOf = ({ session }: Keeper['snapshot'], count: number): Badge => {
  const ended = session.state === 'signed-out' && (session.reason === 'rejected' || session.reason === 'expired');
  if (ended) return { is: 'flag' };
  return count > 0 ? { is: 'count', count } : { is: 'none' };
};

/** The installed app's icon says that something needs its person: a session that has ended, or unread messages. */
export const keepBadge = (keeper: Keeper): void => {
  // not everywhere, whatever the types say
  if (!('setAppBadge' in navigator)) return;
  let shown = '';
  const show = (): void => {
    const badge = badgeOf(keeper.snapshot, unread.value);
    const key = JSON.stringify(badge);
    if (key === shown) return;
    shown = key;
    const done =
      badge.is === 'none'
        ? navigator.clearAppBadge()
        : navigator.setAppBadge(badge.is === 'count' ? badge.count : undefined);
    // where the app is not installed there is no icon
    done.catch(() => undefined);
  };
  keeper.subscribe(show);
  unread.watch(show);
};
