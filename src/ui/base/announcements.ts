import { SharedValue } from './shared-value.ts';

/** What the page's one polite live region reads besides the status: the result of the person's last action. */
export const announcement = new SharedValue('');

/** The titles of the notices on screen, which the same region reads with the status. */
export const noticeTitles = new SharedValue('');

/** Long enough to be read aloud. Left longer, a screen reader would come across it later as stale news. */
const ANNOUNCEMENT_MS = 10_000;
let clearTimer: ReturnType<typeof setTimeout> | undefined;

/** Has `text` read aloud at the next pause. A repeated text is read again only once the first one has been cleared. */
export const announce = (text: string): void => {
  announcement.value = text;
  clearTimeout(clearTimer);
  clearTimer = setTimeout(() => {
    announcement.value = '';
  }, ANNOUNCEMENT_MS);
};

/** The number of unread messages, over all channels. */
export const unread = new SharedValue(0);

/**
 * The same by name of the session. A session that no tab shows sleeps, so nothing arrives for it: what was unread when a tab left
 * it still waits there.
 */
export const unreadBySession = new SharedValue<ReadonlyMap<string, number>>(new Map());
