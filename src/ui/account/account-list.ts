import type { NamedSession } from '../../protocol/bridge/calls.ts';
import type { SessionView } from '../../protocol/snapshot.ts';
import { displayName, signedInSession } from '../base/status.ts';

/** One row of the list. `user`: undefined while no one is signed in. `ended`: the server ended it, and the person may sign in again. */
export type ListedAccount = {
  name: string;
  user: string | undefined;
  state: SessionView['state'];
  isHere: boolean;
  isEnded: boolean;
};

const PREFIX = 'account-';

/** The number in a name that `nextName` has made. A name that the site has made says something by itself. */
export const numberOf = (name: string): number | undefined => {
  const digits = name.startsWith(PREFIX) ? name.slice(PREFIX.length) : '';
  return /^\d+$/.test(digits) ? Number(digits) : undefined;
};

const accountOf = ({ name, session }: NamedSession, here: string): ListedAccount => {
  const signedIn = signedInSession(session);
  return {
    name,
    user: signedIn && (displayName(signedIn) ?? ''),
    state: session.state,
    isHere: name === here,
    isEnded: session.state === 'signed-out' && (session.reason === 'rejected' || session.reason === 'expired'),
  };
};

/** A session in which no one is signed in is only a free place, unless this tab shows it or the server ended it. */
const isFree = ({ state, isEnded }: ListedAccount): boolean => state === 'signed-out' && !isEnded;

/** The accounts to show, in the order in which they came. `here`: the session of this tab. */
export const accountsOf = (sessions: readonly NamedSession[], here: string): readonly ListedAccount[] =>
  sessions.map((session) => accountOf(session, here)).filter((account) => account.isHere || !isFree(account));

/** The name of the session for one more account: a free place, or the next one. */
export const nextName = (sessions: readonly NamedSession[], here: string): string => {
  const free = sessions
    .map((session) => accountOf(session, here))
    .find((account) => isFree(account) && !account.isHere);
  if (free) return free.name;
  const names = new Set(sessions.map(({ name }) => name));
  let number = 2;
  while (names.has(PREFIX + number)) number += 1;
  return PREFIX + number;
};

/** The unread messages by name, without sessions that have ended: nothing waits there. The same map if none of them counts. */
export const withoutEnded = (
  counts: ReadonlyMap<string, number>,
  sessions: readonly NamedSession[],
): ReadonlyMap<string, number> => {
  const ended = new Set(sessions.filter(({ session }) => session.state === 'signed-out').map(({ name }) => name));
  const kept = [...counts].filter(([name]) => !ended.has(name));
  return kept.length === counts.size ? counts : new Map(kept);
};
