import type { Keeper } from '../page/types/types.ts';
import { parseCounts } from '../ui/account/unread-counts.ts';
import { signedInSession } from '../ui/base/status.ts';
import { unread, unreadBySession } from '../ui/base/announcements.ts';

/** In `localStorage`, so that all tabs know it. It holds names and numbers only. */
const KEY = 'session-keeper:unread';

/** Access to storage may be blocked; then the counts last as long as the page. */
const read = (): ReadonlyMap<string, number> | undefined => {
  try {
    return parseCounts(localStorage.getItem(KEY) ?? '');
  } catch {
    return undefined;
  }
};

const write = (counts: ReadonlyMap<string, number>): void => {
  try {
    localStorage.setItem(KEY, JSON.stringify(Object.fromEntries(counts)));
  } catch {
    // They stay in this page.
  }
  unreadBySession.value = counts;
};

/** Keeps the count of the session that this tab shows. A session that has ended counts nothing. */
const note = (keeper: Keeper): void => {
  const { session, sessionName = '' } = keeper.snapshot;
  if (session.state === 'starting') return;
  const messages = signedInSession(session) ? unread.value : 0;
  if ((unreadBySession.value.get(sessionName) ?? 0) === messages) return;
  const counts = new Map(read() ?? unreadBySession.value);
  if (messages > 0) counts.set(sessionName, messages);
  else counts.delete(sessionName);
  write(counts);
};

export const totalUnread = (): number => [...unreadBySession.value.values()].reduce((sum, each) => sum + each, 0);

/** Counts what is unread in each session of this origin, over all tabs. */
export const keepUnread = (keeper: Keeper): void => {
  unreadBySession.value = read() ?? new Map();
  keeper.subscribe(() => note(keeper));
  unread.subscribe(() => note(keeper));
  addEventListener('storage', ({ key }) => {
    if (key === KEY) unreadBySession.value = read() ?? new Map();
  });
};
