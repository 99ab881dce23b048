import type { Continuity, Snapshot } from '../../protocol/snapshot.ts';
import { strings } from '../strings/strings.ts';
import { isRedirected, displayName, statusOf, troubleOf, type SignedInSession, type Status } from '../base/status.ts';
import { duration, fromNow, joinList } from '../text/time.ts';
import { connectionProblemText, problemText, signedOutText } from '../text/problem-text.ts';

/** The session in one sentence, and what it means for the reader. `detail` may be empty. */
export type Headline = { headline: string; detail: string };

/** The problem that the reader should know of first; empty where there is none. */
export const firstProblem = (snapshot: Snapshot): string => {
  const trouble = troubleOf(snapshot.session);
  if (trouble) return problemText(trouble);
  const socket = Object.values(snapshot.sockets).find(({ problem }) => problem);
  return socket?.problem ? connectionProblemText(socket.problem) : '';
};

const confirmed = (session: SignedInSession, now: number): string =>
  session.verifiedAt === undefined ? strings().notConfirmed : strings().confirmed(fromNow(session.verifiedAt, now));

const sentences = (...parts: readonly string[]): string => parts.filter(Boolean).join(' ');

const signedInHeadline = (
  snapshot: Snapshot,
  session: SignedInSession,
  status: Status | undefined,
  now: number,
): Headline => {
  const t = strings();
  const who = t.signedInAs(displayName(session));
  switch (status) {
    case 'offline':
      return { headline: t.andOffline(who), detail: t.offlineDetail };
    case 'sign-in-required':
      return { headline: t.needsSignIn(who), detail: firstProblem(snapshot) };
    case 'reconnecting':
      return troubleOf(session)
        ? { headline: t.waitingForServer(who), detail: sentences(firstProblem(snapshot), t.youStay) }
        : { headline: t.andReconnecting(who), detail: sentences(firstProblem(snapshot), t.catchUp) };
    case 'limited':
      if (isRedirected(session)) return { headline: t.redirected(who), detail: firstProblem(snapshot) };
      if (troubleOf(session)) return { headline: t.notAccepted(who), detail: firstProblem(snapshot) };
      return { headline: t.notLive(who), detail: sentences(firstProblem(snapshot), confirmed(session, now)) };
    default:
      return {
        headline: `${who}.`,
        detail: sentences(isAllConnected(snapshot) ? t.allConnected : '', confirmed(session, now)),
      };
  }
};

/** The status keeps quiet about young trouble (`settleStatus`); a sentence must be true even then. */
const isAllConnected = ({ online, session, sockets }: Snapshot): boolean => {
  const inUse = Object.values(sockets).filter(({ state }) => state !== 'parked');
  return online && !troubleOf(session) && inUse.length > 0 && inUse.every(({ state }) => state === 'open');
};

/**
 * Built from the snapshot alone, so it cannot claim more than the snapshot knows. `shown` is the status on screen, which
 * may not mention trouble that is seconds old.
 */
export const headlineOf = (
  snapshot: Snapshot | undefined,
  now: number,
  shown: Status | undefined = snapshot && statusOf(snapshot),
): Headline => {
  if (!snapshot || snapshot.session.state === 'starting') return { headline: strings().looking, detail: '' };
  const { session } = snapshot;
  if (session.state !== 'signed-out') return signedInHeadline(snapshot, session, shown, now);
  // "You are signed out. You signed out." would say it twice
  const isPlain = session.reason === 'user' && session.problem?.code !== 'revocation-refused';
  return { headline: strings().youAreSignedOut, detail: isPlain ? '' : signedOutText(session) };
};

/** "Signed in for 3 h 12 min. Survived 4 reloads, 2 worker restarts and 1 network loss." */
export const keptText = (kept: Continuity, now: number): string => {
  const t = strings();
  const survived = (['reloads', 'workerRestarts', 'networkLosses'] as const)
    .filter((what) => kept[what] > 0)
    .map((what) => t[what](kept[what]));
  return t.kept(duration(Math.max(0, now - kept.since)), joinList(survived));
};
