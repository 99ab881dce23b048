import type { SessionStateName, SessionEventName } from '../../protocol/journal-names.ts';
import type { SocketStateName } from '../../protocol/snapshot.ts';

/** What happened, as people say it. `undefined`: an internal step, which only the full list of steps shows. */
export const step: Record<SessionEventName, string | undefined> = {
  started: 'The worker started.',
  loaded: 'The saved session was loaded.',
  'load-failed': 'The saved session could not be loaded.',
  refused: 'The server refused a request.',
  'refused-again': 'The server refused a token that had just been renewed.',
  abandoned: 'A request waited too long for the session.',
  locked: undefined,
  saved: undefined,
  'save-failed': 'The session could not be saved.',
  superseded: 'Another worker had already renewed the session.',
  granted: 'The session was renewed.',
  'grant-failed': 'Renewal failed.',
  verified: 'The server confirmed the session.',
  'verify-failed': 'The server did not confirm the session.',
  nudge: undefined,
  'tab-expected': undefined,
  'tab-arrived': undefined,
  'record-changed': undefined,
  restored: 'The session was restored from a copy.',
  erased: 'The saved session was deleted and then saved again.',
  suspected: 'Connection refused; checking your session.',
  'sign-in': 'Sign-in started.',
  'sign-in-redirect': 'Sign-in continued at the provider.',
  'signed-in': 'Signed in.',
  'sign-in-failed': 'Sign-in failed.',
  'sign-out': 'You signed out.',
  'revocation-refused': 'The server did not end the tokens of the sign-out.',
};

/** What the session was then. */
export const state: Record<SessionStateName, string> = {
  starting: 'The session is being restored.',
  'signed-out': 'The session is signed out.',
  establishing: 'A sign-in is under way.',
  active: 'The session is valid.',
  refreshing: 'The session is being renewed.',
  ending: 'The session is being ended.',
  saving: 'The session is being saved.',
  degraded: 'The renewal of the session is delayed.',
  'sign-in-required': 'The session needs a new sign-in.',
};

/** What a live connection did. */
export const connection: Record<SocketStateName, string> = {
  parked: 'The connection is idle.',
  ticketing: 'The connection requests a ticket.',
  dialling: 'The connection is being opened.',
  open: 'The connection is open.',
  resting: 'The connection waits for its next attempt.',
  stopped: 'The server closed the connection for good.',
};
