import type { Problem } from '../protocol/problem.ts';
import type { SessionView, SignedOutReason, SignInKind, SocketStateName, Tier } from '../protocol/snapshot.ts';
import type { Status } from './status.ts';
import { dateTime } from './time.ts';

/** A later worker may speak of a thing that this page has no words for; the compiler sees that today's are all here. */
const unknown = (value: never, words: string): string => {
  void value;
  return words;
};

/** What went wrong, in one or two short sentences for the person in front of the screen. */
export const problemWords = (problem: Problem): string => {
  switch (problem.code) {
    case 'network-unreachable': return 'The server cannot be reached.';
    case 'timeout': return 'The server did not answer in time.';
    case 'server-unavailable': return `The server has a problem of its own (${problem.status}).`;
    case 'rate-limited': return 'The server asked us to slow down.';
    case 'unexpected-answer': return 'Something other than the server answered. Does this network want you to log in first?';
    case 'grant-rejected': return 'The server no longer accepts this session.';
    case 'answer-lost': return 'The answer to a renewal got lost, and the server no longer takes the token from before it.';
    case 'misconfigured': return 'The sign-in is not set up correctly. Whoever runs this site has to mend it.';
    case 'lifetime-over': return `The session’s time was over at ${dateTime(problem.endedAt)}.`;
    case 'credentials-rejected': return 'That did not match. Check what you typed and try again.';
    case 'sign-in-refused': return problem.error === 'access_denied' ? 'The sign-in was cancelled.' : 'The sign-in was refused.';
    case 'store-unavailable': return 'This browser cannot save the session right now.';
    case 'store-newer': return 'A newer version of this app has been here. Reload the page.';
    case 'store-full': return 'There is no space left to save the session.';
    case 'store-unreadable': return 'The saved session could not be opened. It was set aside, not deleted.';
    case 'signed-out': return 'Nobody is signed in.';
    case 'redirect-refused': return 'The request was redirected, and your token must not go along.';
    case 'bad-message': return 'Two parts of this app did not understand each other. Reload the page.';
    case 'unsupported': return 'This page is older or newer than its worker. Reload the page.';
    case 'over-limit': return 'That is more than is allowed at once.';
    case 'no-worker': return 'The background worker did not start.';
    case 'cancelled': return 'Cancelled.';
    default: return unknown(problem, 'Something unexpected went wrong.');
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
  ].filter(Boolean).join(' · ');

/** Why nobody is signed in. */
export const reasonWords = (reason: SignedOutReason): string => {
  switch (reason) {
    case 'never': return 'You are not signed in yet.';
    case 'user': return 'You signed out.';
    case 'rejected': return 'The server ended your session. Sign in to go on.';
    case 'expired': return 'Your session reached its end. Sign in to go on.';
    default: return unknown(reason, 'You are signed out.');
  }
};

export const sessionWords = (state: SessionView['state']): string => {
  switch (state) {
    case 'starting': return 'Restoring';
    case 'active': return 'Signed in';
    case 'refreshing': return 'Signed in, renewing';
    case 'degraded': return 'Signed in, waiting to renew';
    case 'signed-out': return 'Signed out';
    default: return unknown(state, 'Unknown');
  }
};

export const socketWords = (state: SocketStateName): string => {
  switch (state) {
    case 'parked': return 'Not needed now';
    case 'ticketing': return 'Asking to connect';
    case 'dialling': return 'Connecting';
    case 'open': return 'Connected';
    case 'resting': return 'Waiting to reconnect';
    case 'stopped': return 'Stopped by the server';
    default: return unknown(state, 'Unknown');
  }
};

export const statusWords = (status: Status): string => {
  switch (status) {
    case 'starting': return 'Starting';
    case 'connected': return 'Connected';
    case 'limited': return 'Limited';
    case 'reconnecting': return 'Reconnecting';
    case 'offline': return 'Offline';
    case 'signed-out': return 'Signed out';
    default: return unknown(status, 'Unknown');
  }
};

export const kindWords = (kind: SignInKind): string => {
  switch (kind) {
    case 'oidc': return 'Single sign-on';
    case 'password': return 'Password';
    case 'ticket': return 'API key';
    default: return unknown(kind, 'Sign-in');
  }
};

/** How well a session is protected, and what that does not cover: never more than is true (design, tiers). */
export const tierWords = (tier: Tier): readonly [name: string, meaning: string] => {
  switch (tier) {
    case 'compatible':
      return ['Compatible', 'The session is encrypted on this device. A malicious script inside this site could still read it.'];
    case 'bound':
      return ['Bound', 'The session is tied to a key of this browser. A malicious script inside this site could still use that key here.'];
    case 'sealed':
      return ['Sealed', 'Only the background worker can open the saved session. No page script can read it.'];
    default:
      return [unknown(tier, 'Unknown'), 'This page does not know this level of protection. Reload it.'];
  }
};
