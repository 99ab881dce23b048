import type { SessionView, Snapshot, SocketView } from '../../protocol/snapshot.ts';

/** The whole snapshot in one word. `limited`: signed in, but the server has stopped a live connection. */
export type Status = 'starting' | 'connected' | 'limited' | 'reconnecting' | 'offline' | 'signed-out';

export type SignedInSession = Extract<SessionView, { state: 'active' | 'refreshing' | 'degraded' }>;

export const signedInSession = (session: SessionView | undefined): SignedInSession | undefined =>
  session === undefined || session.state === 'starting' || session.state === 'signed-out' ? undefined : session;

/** How to address somebody; `undefined` as long as the backend has not said who it is. */
export const displayName = (session: SignedInSession): string | undefined => session.user?.name ?? session.user?.sub;

const isConnecting = (socket: SocketView): boolean =>
  socket.state === 'ticketing' || socket.state === 'dialling' || socket.state === 'resting';

export const statusOf = (snapshot: Snapshot | undefined): Status => {
  if (!snapshot || snapshot.session.state === 'starting') return 'starting';
  if (snapshot.session.state === 'signed-out') return 'signed-out';
  if (!snapshot.online) return 'offline';
  const sockets = Object.values(snapshot.sockets);
  if (snapshot.session.state === 'degraded' || sockets.some(isConnecting)) return 'reconnecting';
  return sockets.some((socket) => socket.state === 'stopped') ? 'limited' : 'connected';
};

/** When the next of all things that wait is tried; `undefined` if nothing waits. Milliseconds since the epoch. */
export const nextTryOf = (snapshot: Snapshot): number | undefined => {
  const times = Object.values(snapshot.sockets)
    .filter((socket) => socket.state === 'resting')
    .flatMap((socket) => socket.nextTryAt ?? []);
  if (snapshot.session.state === 'degraded') times.push(snapshot.session.nextTryAt);
  return times.length > 0 ? Math.min(...times) : undefined;
};

/** What the status display says, and since when the world says something else. */
export type SettledStatus = { shown: Status; pending?: { status: Status; since: number } | undefined };

/** Most trouble is over before anybody has noticed it: it is not worth a word before this. */
export const TROUBLE_DELAY_MS = 3000;

const isTrouble = (status: Status): boolean =>
  status === 'reconnecting' || status === 'offline' || status === 'limited';

/** Good news, and the end of a session, show at once; trouble only once it has lasted `QUIET_MS`. */
export const settleStatus = (calm: SettledStatus, status: Status, now: number): SettledStatus => {
  if (status === calm.shown) return { shown: status };
  if (!isTrouble(status) || isTrouble(calm.shown)) return { shown: status };
  const since = calm.pending && isTrouble(calm.pending.status) ? calm.pending.since : now;
  if (now - since >= TROUBLE_DELAY_MS) return { shown: status };
  return { shown: calm.shown === 'connected' ? 'connected' : 'starting', pending: { status, since } };
};
