import type { Continuity, Snapshot } from '../../protocol/snapshot.ts';
import { strings } from '../strings/strings.ts';
import { displayName, statusOf, type SignedInSession, type Status } from '../base/status.ts';
import { duration, fromNow, joinList } from '../strings/time.ts';
import { problemText, signedOutText } from '../strings/problem-text.ts';

/** The state of things in one sentence, and what it means for the reader. */
export type Headline = { headline: string; detail: string };

const firstProblem = (snapshot: Snapshot): string => {
  if (snapshot.session.state === 'degraded') return problemText(snapshot.session.problem);
  const socket = Object.values(snapshot.sockets).find(({ problem }) => problem);
  return socket?.problem ? problemText(socket.problem) : '';
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
    case 'reconnecting':
      return session.state === 'degraded'
        ? { headline: t.waitingForServer(who), detail: sentences(firstProblem(snapshot), t.youStay) }
        : { headline: t.andReconnecting(who), detail: sentences(firstProblem(snapshot), t.goesOn) };
    case 'limited':
      return { headline: t.notLive(who), detail: sentences(firstProblem(snapshot), confirmed(session, now)) };
    default:
      return {
        headline: `${who}.`,
        detail: sentences(isAllLive(snapshot) ? t.allConnected : '', confirmed(session, now)),
      };
  }
};

/** Also while trouble is seconds old, and not spoken of yet: what is said is true. */
const isAllLive = (snapshot: Snapshot): boolean => {
  const wanted = Object.values(snapshot.sockets).filter(({ state }) => state !== 'parked');
  return wanted.length > 0 && wanted.every(({ state }) => state === 'open');
};

/**
 * Built from the snapshot only, so that it can never claim what is not known. `shown` may keep silent about trouble
 * that is seconds old.
 */
export const headlineOf = (
  snapshot: Snapshot | undefined,
  now: number,
  shown: Status | undefined = snapshot && statusOf(snapshot),
): Headline => {
  if (!snapshot || snapshot.session.state === 'starting') return { headline: strings().looking, detail: '' };
  const { session } = snapshot;
  if (session.state !== 'signed-out') return signedInHeadline(snapshot, session, shown, now);
  return { headline: strings().youAreSignedOut, detail: signedOutText(session) };
};

/** "Continuity for 3 hours 12 minutes through 4 reloads, 2 worker restarts and 1 lost network." */
export const keptText = (kept: Continuity, now: number): string => {
  const t = strings();
  const through = (['reloads', 'workerRestarts', 'networkLosses'] as const)
    .filter((what) => kept[what] > 0)
    .map((what) => t[what](kept[what]));
  return t.kept(duration(Math.max(0, now - kept.since)), joinList(through));
};
