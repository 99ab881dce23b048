import type { Problem } from '../../protocol/problem.ts';
import type { SessionView, Snapshot, SocketView } from '../../protocol/snapshot.ts';

/**
 * The whole snapshot in one word. `limited`: signed in, but the server refuses the tokens, or has closed a live connection
 * for good.
 */
export type Status =
  | 'starting'
  | 'connected'
  | 'limited'
  | 'reconnecting'
  | 'sign-in-required'
  | 'offline'
  | 'signed-out';

export type SignedInSession = Exclude<SessionView, { state: 'starting' | 'signed-out' }>;

export const signedInSession = (session: SessionView | undefined): SignedInSession | undefined =>
  session === undefined || session.state === 'starting' || session.state === 'signed-out' ? undefined : session;

/** The user's name to show; `undefined` until the backend has named the user. */
export const displayName = (session: SignedInSession): string | undefined => session.user?.name ?? session.user?.sub;

/** What is wrong with a session. A renewal in progress is no success yet: the failure before it stays. */
export const troubleOf = (session: SessionView): Problem | undefined =>
  session.state === 'starting' || session.state === 'signed-out' ? undefined : session.problem;

/** Something in front of the server wants the person to sign in: a document of the server leads there. */
export const isRedirected = (session: SessionView): boolean => troubleOf(session)?.code === 'redirect-refused';

const isConnecting = (socket: SocketView): boolean =>
  socket.state === 'ticketing' || socket.state === 'dialling' || socket.state === 'resting';

export const statusOf = (snapshot: Snapshot | undefined): Status => {
  if (!snapshot || snapshot.session.state === 'starting') return 'starting';
  if (snapshot.session.state === 'signed-out') return 'signed-out';
  if (!snapshot.online) return 'offline';
  const { session } = snapshot;
  if (session.state === 'sign-in-required') return session.state;
  const sockets = Object.values(snapshot.sockets);
  const isRefused = session.state === 'active' && session.problem !== undefined;
  // The sockets cannot connect either, and only the person can help.
  if (isRefused && isRedirected(session)) return 'limited';
  if ((troubleOf(session) && !isRefused) || sockets.some(isConnecting)) return 'reconnecting';
  return isRefused || sockets.some((socket) => socket.state === 'stopped') ? 'limited' : 'connected';
};

/** The earliest next attempt of the session and all sockets, in ms since the Unix epoch; `undefined` if none waits. */
export const nextTryOf = (snapshot: Snapshot): number | undefined => {
  const times = Object.values(snapshot.sockets)
    .filter((socket) => socket.state === 'resting')
    .flatMap((socket) => socket.nextTryAt ?? []);
  if ('nextTryAt' in snapshot.session) times.push(snapshot.session.nextTryAt);
  return times.length > 0 ? Math.min(...times) : undefined;
};

/** The status on screen. `troubleSince`: when trouble began (ms) that has not lasted long enough to be shown. */
export type SettledStatus = { shown: Status; troubleSince?: number };

/** Most trouble is over before a person notices it, so it shows only after this time. */
export const TROUBLE_DELAY_MS = 3000;

const isTrouble = (status: Status): boolean =>
  status === 'reconnecting' || status === 'offline' || status === 'limited';

/**
 * Good news and the end of a session show at once; trouble shows once it has lasted `TROUBLE_DELAY_MS`. The browser knows
 * at the start that it is offline, so that shows at once too.
 */
export const settleStatus = (settled: SettledStatus, status: Status, now: number): SettledStatus => {
  const { shown, troubleSince = now } = settled;
  if (status === 'offline' && shown === 'starting') return { shown: status };
  // A person who has to sign in knows of trouble already. Another kind of it must not read as good news meanwhile.
  const isKnown = isTrouble(shown) || shown === 'sign-in-required';
  if (!isTrouble(status) || isKnown || now - troubleSince >= TROUBLE_DELAY_MS) return { shown: status };
  return { shown: shown === 'connected' ? shown : 'starting', troubleSince };
};
