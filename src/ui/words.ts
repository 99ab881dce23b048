import type { Problem, ProblemCode } from '../protocol/problem.ts';
import type { SessionView, SignedOutReason, SignInKind, SocketStateName, Tier } from '../protocol/snapshot.ts';
import type { Status } from './status.ts';
import { dateTime } from './time.ts';

/** A worker of a later version may say a word that is not in these tables. */
const from =
  <Key extends string>(table: Record<Key, string>) =>
  (key: Key): string =>
    Object.hasOwn(table, key) ? table[key] : 'Unknown';

const PROBLEM: Record<ProblemCode, string> = {
  'network-unreachable': 'The server cannot be reached.',
  timeout: 'The server did not answer in time.',
  'server-unavailable': 'The server has a problem of its own.',
  'rate-limited': 'The server asked us to slow down.',
  'unexpected-answer': 'Something other than the server answered. Does this network want you to log in first?',
  'grant-rejected': 'The server no longer accepts this session.',
  'answer-lost': 'The answer to a renewal got lost, and the server no longer takes the token from before it.',
  misconfigured: 'The sign-in is not set up correctly. Whoever runs this site has to mend it.',
  'lifetime-over': 'The session’s time is over.',
  'credentials-rejected': 'That did not match. Check what you typed and try again.',
  'sign-in-refused': 'The sign-in was refused.',
  'store-unavailable': 'This browser cannot save the session right now.',
  'store-newer': 'A newer version of this app has been here. Reload the page.',
  'store-full': 'There is no space left to save the session.',
  'store-unreadable': 'The saved session could not be opened. It was set aside, not deleted.',
  'signed-out': 'Nobody is signed in.',
  'redirect-refused': 'The request was redirected, and your token must not go along.',
  'bad-message': 'Two parts of this app did not understand each other. Reload the page.',
  unsupported: 'This page is older or newer than its worker. Reload the page.',
  'over-limit': 'That is more than is allowed at once.',
  'no-worker': 'Session Keeper cannot start in this browser. Reload the page, or try another browser.',
  cancelled: 'Cancelled.',
};

/** What went wrong, in one or two short sentences for the person in front of the screen. */
export const problemWords = (problem: Problem): string => {
  switch (problem.code) {
    case 'server-unavailable':
      return `The server has a problem of its own (${problem.status}).`;
    case 'lifetime-over':
      return `The session’s time was over on ${dateTime(problem.endedAt)}.`;
    case 'sign-in-refused':
      return problem.error === 'access_denied' ? 'The sign-in was cancelled.' : PROBLEM[problem.code];
    default:
      return from(PROBLEM)(problem.code);
  }
};

/** The facts behind a problem, for those who want to look into it: endpoint, HTTP status, error code. */
export const evidence = (problem: Problem): string =>
  [
    problem.code,
    'at' in problem && problem.at,
    'status' in problem && `HTTP ${problem.status}`,
    'error' in problem && problem.error,
    'detail' in problem && problem.detail,
  ]
    .filter(Boolean)
    .join(' · ');

const REASON: Record<SignedOutReason, string> = {
  never: 'You are not signed in yet.',
  user: 'You signed out.',
  rejected: 'The server ended your session. Sign in to go on.',
  expired: 'Your session reached its end. Sign in to go on.',
};

/** Why nobody is signed in, or what keeps anybody from being so. */
export const signedOutWords = ({ reason, problem }: Extract<SessionView, { state: 'signed-out' }>): string =>
  reason === 'never' && problem ? problemWords(problem) : from(REASON)(reason);

const SESSION: Record<SessionView['state'], string> = {
  starting: 'Restoring',
  active: 'Signed in',
  refreshing: 'Signed in, renewing',
  degraded: 'Signed in, waiting to renew',
  'signed-out': 'Signed out',
};

const SOCKET: Record<SocketStateName, string> = {
  parked: 'Not needed now',
  ticketing: 'Asking to connect',
  dialling: 'Connecting',
  open: 'Connected',
  resting: 'Waiting to reconnect',
  stopped: 'Stopped by the server',
};

const STATUS: Record<Status, string> = {
  starting: 'Starting',
  connected: 'Connected',
  limited: 'Limited',
  reconnecting: 'Reconnecting',
  offline: 'Offline',
  'signed-out': 'Signed out',
};

const KIND: Record<SignInKind, string> = { oidc: 'Single sign-on', password: 'Password', ticket: 'API key' };

const TIER: Record<Tier, string> = { compatible: 'Compatible', bound: 'Bound', sealed: 'Sealed' };

const TIER_MEANING: Record<Tier, string> = {
  compatible: 'The session is encrypted on this device. A malicious script inside this site could still read it.',
  bound:
    'The session is tied to a key of this browser. A malicious script inside this site could still use that key here.',
  sealed: 'Only the background worker can open the saved session. No page script can read it.',
};

export const sessionWords = from(SESSION);
export const socketWords = from(SOCKET);
export const statusWords = from(STATUS);
export const kindWords = from(KIND);

/** The name of a level of protection, and what it means: never more than is true (SECURITY.md). */
export const tierWords = from(TIER);
export const tierMeaning = from(TIER_MEANING);
