import type { Continuity, Snapshot } from '../../protocol/snapshot.ts';
import { words } from '../strings/messages.ts';
import { nameOf, statusOf, type SignedIn, type Status } from '../base/status.ts';
import { duration, fromNow, listed } from '../strings/time.ts';
import { problemWords, signedOutWords } from '../strings/problem-text.ts';

/** The state of things in one sentence, and what it means for the reader. */
export type Truth = { headline: string; detail: string };

const firstProblem = (snapshot: Snapshot): string => {
  if (snapshot.session.state === 'degraded') return problemWords(snapshot.session.problem);
  const socket = Object.values(snapshot.sockets).find(({ problem }) => problem);
  return socket?.problem ? problemWords(socket.problem) : '';
};

const confirmed = (session: SignedIn, now: number): string =>
  session.verifiedAt === undefined ? words().notConfirmed : words().confirmed(fromNow(session.verifiedAt, now));

const sentences = (...parts: readonly string[]): string => parts.filter(Boolean).join(' ');

const signedInTruth = (snapshot: Snapshot, session: SignedIn, status: Status | undefined, now: number): Truth => {
  const say = words();
  const who = say.signedInAs(nameOf(session));
  switch (status) {
    case 'offline':
      return { headline: say.andOffline(who), detail: say.offlineDetail };
    case 'reconnecting':
      return session.state === 'degraded'
        ? { headline: say.waitingForServer(who), detail: sentences(firstProblem(snapshot), say.youStay) }
        : { headline: say.andReconnecting(who), detail: sentences(firstProblem(snapshot), say.goesOn) };
    case 'limited':
      return { headline: say.notLive(who), detail: sentences(firstProblem(snapshot), confirmed(session, now)) };
    default:
      return {
        headline: `${who}.`,
        detail: sentences(isAllLive(snapshot) ? say.allConnected : '', confirmed(session, now)),
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
export const truthOf = (
  snapshot: Snapshot | undefined,
  now: number,
  shown: Status | undefined = snapshot && statusOf(snapshot),
): Truth => {
  if (!snapshot || snapshot.session.state === 'starting') return { headline: words().looking, detail: '' };
  const { session } = snapshot;
  if (session.state !== 'signed-out') return signedInTruth(snapshot, session, shown, now);
  return { headline: words().youAreSignedOut, detail: signedOutWords(session) };
};

/** "Kept for 3 hours 12 minutes through 4 reloads, 2 worker restarts and 1 lost network." */
export const keptWords = (kept: Continuity, now: number): string => {
  const say = words();
  const through = (['reloads', 'workerRestarts', 'networkLosses'] as const)
    .filter((what) => kept[what] > 0)
    .map((what) => say[what](kept[what]));
  return say.kept(duration(Math.max(0, now - kept.since)), listed(through));
};
