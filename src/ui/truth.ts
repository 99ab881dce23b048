import type { Snapshot } from '../protocol/snapshot.ts';
import { nameOf, statusOf, type SignedIn, type Status } from './status.ts';
import { fromNow } from './time.ts';
import { problemWords, signedOutWords } from './words.ts';

/** The state of things in one sentence, and what it means for the reader. */
export type Truth = { headline: string; detail: string };

const firstProblem = (snapshot: Snapshot): string => {
  if (snapshot.session.state === 'degraded') return problemWords(snapshot.session.problem);
  const socket = Object.values(snapshot.sockets).find(({ problem }) => problem);
  return socket?.problem ? problemWords(socket.problem) : '';
};

const confirmed = (session: SignedIn, now: number): string =>
  session.verifiedAt === undefined
    ? 'The server has not confirmed your session yet.'
    : `The server confirmed your session ${fromNow(session.verifiedAt, now)}.`;

const signedInTruth = (snapshot: Snapshot, session: SignedIn, status: Status | undefined, now: number): Truth => {
  const name = nameOf(session);
  const who = name === undefined ? 'You are signed in' : `You are signed in as ${name}`;
  switch (status) {
    case 'offline':
      return {
        headline: `${who}, and offline.`,
        detail: 'You stay signed in. Messages that you send wait for the network.',
      };
    case 'reconnecting':
      return session.state === 'degraded'
        ? { headline: `${who}, waiting for the server.`, detail: `${firstProblem(snapshot)} You stay signed in.` }
        : {
            headline: `${who}, reconnecting.`,
            detail: `${firstProblem(snapshot)} Live updates go on where they stopped.`.trim(),
          };
    case 'limited':
      return {
        headline: `${who}, without live updates.`,
        detail: `${firstProblem(snapshot)} ${confirmed(session, now)}`.trim(),
      };
    default:
      return {
        headline: `${who}.`,
        detail: `${isLive(snapshot) ? 'Everything is connected. ' : ''}${confirmed(session, now)}`,
      };
  }
};

const isLive = (snapshot: Snapshot): boolean => Object.values(snapshot.sockets).some(({ state }) => state === 'open');

/**
 * Built from the snapshot only, so that it can never claim what is not known. `shown` may keep silent about trouble
 * that is seconds old.
 */
export const truthOf = (
  snapshot: Snapshot | undefined,
  now: number,
  shown: Status | undefined = snapshot && statusOf(snapshot),
): Truth => {
  if (!snapshot || snapshot.session.state === 'starting') return { headline: 'Looking for your session…', detail: '' };
  const { session } = snapshot;
  if (session.state !== 'signed-out') return signedInTruth(snapshot, session, shown, now);
  return { headline: 'You are signed out.', detail: signedOutWords(session) };
};
