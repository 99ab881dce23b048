import type { Keeper } from '../page/types/types.ts';
import { unreadBySession } from '../ui/base/announcements.ts';
import { keepUnread, totalUnread } from './unread-store.ts';

/* Loaded once the page is usable: nothing here is part of the first paint. */

export { notifyOfMessages } from './notifications.ts';
export { listenToShortcuts } from './shortcuts.ts';
export { keepTitle } from './title.ts';
export { reloadHiddenTabs } from './update.ts';

/** What needs the person's attention: each unread message of all accounts, and a session that the server ended. */
const badgeCount = ({ session }: Keeper['snapshot'], messages: number): number => {
  const ended = session.state === 'signed-out' && (session.reason === 'rejected' || session.reason === 'expired');
  return messages + (ended ? 1 : 0);
};

/** Shows that count on the icon of the installed app (https://w3c.github.io/badging/). */
export const keepBadge = (keeper: Keeper): void => {
  keepUnread(keeper);
  // TypeScript declares it always, but Firefox has no such method
  if (!('setAppBadge' in navigator)) return;
  let shown: number | undefined;
  const show = (): void => {
    const count = badgeCount(keeper.snapshot, totalUnread());
    if (count === shown) return;
    shown = count;
    // zero clears the badge; without an installed app there is no icon and the call may reject
    navigator.setAppBadge(count).catch(() => undefined);
  };
  keeper.subscribe(show);
  unreadBySession.subscribe(show);
};

/** https://wicg.github.io/web-app-launch/; not in TypeScript's library. */
type LaunchQueue = { setConsumer(consumer: (launch: { targetURL?: string }) => void): void };

const hasQueue = (page: Window): page is Window & { launchQueue: LaunchQueue } => 'launchQueue' in page;

/**
 * With `focus-existing` in the manifest, a launch brings the open window to the front without a reload, so a draft stays.
 * A shortcut's target is a fragment of this document.
 */
export const handleLaunches = (page: Window): void => {
  if (!hasQueue(page)) return;
  page.launchQueue.setConsumer(({ targetURL }) => {
    const hash = targetURL === undefined ? '' : new URL(targetURL).hash;
    if (hash !== '') page.location.hash = hash;
  });
};
