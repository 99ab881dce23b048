import type { ProblemCode } from '../../protocol/problem.ts';
import type { SessionView, SignedOutReason, SignInKind, SocketStateName, Tier } from '../../protocol/snapshot.ts';
import type { Status } from '../base/status.ts';
import { pluralsFor } from '../locale/plural.ts';

const problem: Record<ProblemCode, string> = {
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
  'store-cleared': 'This site’s data were cleared in this browser, and the session with them.',
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

const reason: Record<SignedOutReason, string> = {
  never: 'You are not signed in yet.',
  user: 'You signed out.',
  rejected: 'The server ended your session. Sign in to go on.',
  expired: 'Your session reached its end. Sign in to go on.',
};

const session: Record<SessionView['state'], string> = {
  starting: 'Restoring',
  active: 'Signed in',
  refreshing: 'Signed in, renewing',
  degraded: 'Signed in, waiting to renew',
  'signed-out': 'Signed out',
};

const socket: Record<SocketStateName, string> = {
  parked: 'Not needed now',
  ticketing: 'Asking to connect',
  dialling: 'Connecting',
  open: 'Connected',
  resting: 'Waiting to reconnect',
  stopped: 'Stopped by the server',
};

const status: Record<Status, string> = {
  starting: 'Starting',
  connected: 'Connected',
  limited: 'Limited',
  reconnecting: 'Reconnecting',
  offline: 'Offline',
  'signed-out': 'Signed out',
};

const kind: Record<SignInKind, string> = { oidc: 'Single sign-on', password: 'Password', ticket: 'API key' };

const tier: Record<Tier, string> = { compatible: 'Compatible', bound: 'Bound', sealed: 'Sealed' };

/** Never more than is true (SECURITY.md). */
const { counted } = pluralsFor('en');

/** What the page shows at once. Functions take text that is ready to be read, or a number to be counted. */
export const en = {
  unknown: 'Unknown',
  problem,
  reason,
  session,
  socket,
  status,
  kind,
  tier,
  serverProblem: (code: number) => `The server has a problem of its own (${code}).`,
  tooOften: (seconds: number) =>
    `That was too often. The server takes the next try in ${counted(seconds, { one: 'second', other: 'seconds' })}.`,
  lifetimeOver: (when: string) => `The session’s time was over on ${when}.`,
  signInCancelled: 'The sign-in was cancelled.',

  justNow: 'just now',
  lasting: (ago: string) => `for ${ago.replace(/ ago$/, '')}`,
  nextTry: (when: string) => `next try ${when}`,
  tryingNow: 'trying now',

  looking: 'Looking for your session…',
  restoring: 'Restoring your session…',
  signedInAs: (name: string | undefined) => (name === undefined ? 'You are signed in' : `You are signed in as ${name}`),
  andOffline: (who: string) => `${who}, and offline.`,
  waitingForServer: (who: string) => `${who}, waiting for the server.`,
  andReconnecting: (who: string) => `${who}, reconnecting.`,
  notLive: (who: string) => `${who}, without live updates.`,
  youAreSignedOut: 'You are signed out.',
  offlineDetail: 'You stay signed in. Messages that you send wait for the network.',
  youStay: 'You stay signed in.',
  goesOn: 'Live updates go on where they stopped.',
  allConnected: 'Everything is connected.',
  confirmed: (when: string) => `The server confirmed your session ${when}.`,
  notConfirmed: 'The server has not confirmed your session yet.',
  kept: (time: string, through: string) => `Kept for ${time}${through && ` through ${through}`}.`,
  reloads: (count: number) => counted(count, { one: 'reload', other: 'reloads' }),
  workerRestarts: (count: number) => counted(count, { one: 'worker restart', other: 'worker restarts' }),
  networkLosses: (count: number) => counted(count, { one: 'lost network', other: 'lost networks' }),

  tryNow: 'Try now',
  signOut: 'Sign out',
  signingOut: 'Signing out…',
  sessionIs: (word: string) => `Session: ${word}`,

  newVersion: 'A new version is ready.',
  newVersionDetail: 'You stay signed in, in all tabs.',
  reload: 'Reload',
  youAreOffline: 'You are offline.',
  offlineSignedIn: 'You stay signed in, and messages wait until the network is back.',
  offlineSignedOut: 'To sign in, you need the network.',
  notSaved: 'This session is not saved.',
  notSavedDetail: 'This browser cannot write to its disk right now. If you close it, you have to sign in again.',
  endsSoon: (when: string) => `Your session ends at ${when}.`,
  endsSoonDetail: 'Sign in again now, and this page stays as it is.',
  staySignedIn: 'Stay signed in',

  home: 'Home',
  messages: 'Messages',
  timeline: 'Timeline',
  tryIt: 'Try it',
  pages: 'Pages',
  unread: (count: number) => `${count} unread`,
  install: 'Install app',
  language: 'Language',

  signIn: 'Sign in',
  signInAgain: 'Sign in again',
  signingIn: 'Signing in…',
  signInWith: 'Sign in with',
  singleSignOn: 'Continue with single sign-on',
  or: 'or',
  userName: 'User name',
  stays: 'You stay signed in on this device until you sign out.',
};

/** Every language has all of these, or it does not compile. */
export type Strings = typeof en;
