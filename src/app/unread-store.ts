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

const write = (): void => {
  const counts = unreadBySession.value;
  const text = JSON.stringify(Object.fromEntries(counts));
  try {
    if (counts.size === 0) localStorage.removeItem(KEY);
    // What this tab has just read is not written back, because another tab may write meanwhile.
    else if (text !== localStorage.getItem(KEY)) localStorage.setItem(KEY, text);
  } catch {
    // They stay in this page.
  }
};

/** Notes the count of the session that this tab shows. A session that has ended counts nothing. */
const note = ({ session, sessionName = '' }: Keeper['snapshot']): void => {
  if (session.state === 'starting') return;
  const messages = signedInSession(session) ? unread.value : 0;
  const counts = new Map(read() ?? unreadBySession.value);
  if ((counts.get(sessionName) ?? 0) === messages) return;
  if (messages > 0) counts.set(sessionName, messages);
  else counts.delete(sessionName);
  unreadBySession.value = counts;
};

export const totalUnread = (): number => [...unreadBySession.value.values()].reduce((sum, each) => sum + each, 0);

/**
 * Counts what is unread in each session of this origin, over all tabs. A tab writes when its own count has changed, or when it
 * shows another session. Two tabs of one session may count differently, and would else overwrite each other with each snapshot.
 */
export const keepUnread = (keeper: Keeper): void => {
  unreadBySession.value = read() ?? new Map();
  unreadBySession.subscribe(write);
  let noted: string | undefined;
  keeper.subscribe((snapshot) => {
    const { session, sessionName = '' } = snapshot;
    const shown = session.state === 'starting' ? undefined : `${session.state === 'signed-out'} ${sessionName}`;
    if (shown === noted) return;
    noted = shown;
    note(snapshot);
  });
  unread.subscribe(() => note(keeper.snapshot));
  addEventListener('storage', ({ key }) => {
    if (key === KEY) unreadBySession.value = read() ?? new Map();
  });
};
