import type { ProblemCode } from '../../../protocol/problem.ts';
import type { SessionView, SignedOutReason, SignInKind, SocketStateName, Tier } from '../../../protocol/snapshot.ts';
import { pluralsFor, type TimeUnit } from '../../locale/plural.ts';

const problem: Record<ProblemCode, string> = {
  'network-unreachable': 'The server cannot be reached.',
  timeout: 'The server did not answer in time.',
  'server-unavailable': 'The server is having problems.',
  'rate-limited': 'The server asked us to slow down.',
  'unexpected-answer': 'Unexpected answer from the server. Does this network ask you to sign in first?',
  'grant-rejected': 'The server no longer accepts this session.',
  'answer-lost': 'The answer to a renewal was lost, and the server no longer accepts the previous token.',
  'sign-in-required': 'The provider wants you to sign in again.',
  'refresh-refused': 'The server does not renew the session, and gives no reason.',
  'token-refused': 'The server does not accept the renewed session. Contact the site’s owner.',
  misconfigured: 'Sign-in is not set up correctly. Contact the site’s owner.',
  'lifetime-over': 'The session has expired.',
  'credentials-rejected': 'The server did not accept the credentials.',
  'sign-in-refused': 'The sign-in was refused.',
  'store-unavailable': 'This browser cannot save the session right now.',
  'store-newer': 'This browser already has a newer version of this app. Reload the page.',
  'store-cleared': 'Site data was cleared, and the session with it.',
  'store-full': 'There is not enough space to save the session.',
  'store-unreadable': 'The saved session could not be opened. It was set aside, not deleted.',
  'revocation-refused': 'The server did not confirm that this sign-in has ended there.',
  'signed-out': 'You are not signed in.',
  'redirect-refused':
    'The server sends requests to another address. Perhaps a proxy or your network wants you to sign in first.',
  'bad-message': 'This page received an unknown message. Reload the page.',
  unsupported: 'This page and its worker have different versions. Reload the page.',
  'over-limit': 'A limit was exceeded.',
  'no-worker': 'Session Keeper cannot start in this browser. Reload the page, or try another browser.',
  cancelled: 'Cancelled.',
};

/** `never` needs no sentence: the sign-in form is on screen. */
const reason: Record<SignedOutReason, string> = {
  never: '',
  user: 'You signed out.',
  rejected: 'The server ended your session. Sign in to continue.',
  expired: 'Your session expired. Sign in to continue.',
};

const session: Record<SessionView['state'], string> = {
  starting: 'Restoring',
  active: 'Signed in',
  refreshing: 'Signed in, renewing',
  degraded: 'Signed in. Renewal is delayed',
  'sign-in-required': 'Signed in. Renewal has stopped',
  'signed-out': 'Signed out',
};

const socket: Record<SocketStateName, string> = {
  parked: 'Idle',
  ticketing: 'Requesting a ticket',
  dialling: 'Connecting',
  open: 'Connected',
  resting: 'Waiting to reconnect',
  stopped: 'Stopped by the server',
};

const kind: Record<SignInKind, string> = { oidc: 'Single sign-on', password: 'Password', ticket: 'API key' };

/** A name may not promise more than SECURITY.md does. */
const tier: Record<Tier, string> = {
  compatible: 'Compatible',
  bound: 'Bound',
  sealed: 'Sealed',
  'device-bound': 'Bound to this device',
  vault: 'Vault',
};

const { counted } = pluralsFor('en');

/** The strings of the sign-in and of what the session does. Functions take text that is already formatted, or a number to count. */
export const coreEn = {
  problem,
  reason,
  session,
  socket,
  kind,
  tier,
  serverProblem: (code: number) => `The server is having problems (${code}).`,
  notAllowed: 'The server does not allow this connection.',
  tooManyAttempts: (wait: string) => `Too many attempts. Try again in ${wait}.`,
  wrongCredentials: { password: 'Wrong user name or password.', ticket: 'Wrong API key.' },
  lifetimeOver: (when: string) => `The session expired on ${when}.`,
  signInCancelled: 'You cancelled.',
  insecureAddress: 'This address is not secure. Open it with https, so that others cannot read what you send.',

  amount: (count: number, unit: TimeUnit) =>
    unit === 'day' ? counted(count, { one: 'day', other: 'days' }) : `${count} ${unit === 'minute' ? 'min' : unit[0]}`,
  justNow: 'just now',
  lasting: (ago: string) => `for ${ago.replace(/ ago$/, '')}`,
  nextTry: (when: string) => `next try ${when}`,
  tryingNow: 'trying now',

  looking: 'Looking for your session…',
  signedInAs: (name: string | undefined) => (name === undefined ? 'You are signed in' : `You are signed in as ${name}`),
  andOffline: (who: string) => `${who}, and offline.`,
  waitingForServer: (who: string) => `${who}, waiting for the server.`,
  andReconnecting: (who: string) => `${who}, reconnecting.`,
  needsSignIn: (who: string) => `${who}, but a new sign-in is needed.`,
  keptMeanwhile: 'This page stays as it is.',
  notAccepted: (who: string) => `${who}, but the server does not accept your session.`,
  redirected: (who: string) => `${who}, but something in front of the server stops requests.`,
  loadFromServer: 'Load this page from the server',
  notLive: (who: string) => `${who}, without live updates.`,
  youAreSignedOut: 'You are signed out.',
  offlineDetail: 'You stay signed in. Messages are sent when you are back online.',
  youStay: 'You stay signed in.',
  catchUp: 'Live updates will catch up when you reconnect.',
  allConnected: 'Everything is connected.',
  confirmed: (when: string) => `The server confirmed your session ${when}.`,
  notConfirmed: 'The server has not confirmed your session yet.',
  kept: (time: string, survived: string) => `Signed in for ${time}.${survived && ` Survived ${survived}.`}`,
  reloads: (count: number) => counted(count, { one: 'reload', other: 'reloads' }),
  workerRestarts: (count: number) => counted(count, { one: 'worker restart', other: 'worker restarts' }),
  networkLosses: (count: number) => counted(count, { one: 'network loss', other: 'network losses' }),

  tryNow: 'Try now',

  signIn: 'Sign in',
  signingIn: 'Signing in…',
  signInWith: 'Sign in with',
  singleSignOn: 'Continue with single sign-on',
  or: 'or',
  userName: 'User name',
  reveal: 'Show characters',
  useAnother: 'Use another account',
  stays: 'You stay signed in on this device until you sign out.',
};

/** Every language has all of these, or it does not compile. */
export type Strings = typeof coreEn;
