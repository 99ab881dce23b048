import type { JournalEntry } from '../protocol/bridge.ts';
import type { SocketStateName } from '../protocol/snapshot.ts';
import { socketWords } from './words.ts';

/** The steps that matter to people. All others (saving, locking, answering) are read by those who mend things. */
const SESSION: Readonly<Record<string, string>> = {
  started: 'The worker started.',
  loaded: 'The saved session was read.',
  'load-failed': 'The saved session could not be read.',
  'save-failed': 'The session could not be saved.',
  superseded: 'The session had been renewed elsewhere meanwhile.',
  granted: 'The session was renewed.',
  'grant-failed': 'A renewal did not succeed.',
  verified: 'The server confirmed the session.',
  'verify-failed': 'The server did not confirm the session.',
  refused: 'The server refused a request.',
  suspected: 'A connection was refused; the session is looked at.',
  restored: 'A saved copy was taken back.',
  'sign-in': 'A sign-in began.',
  'sign-in-redirect': 'The sign-in went on at the provider.',
  'signed-in': 'Signed in.',
  'sign-in-failed': 'The sign-in did not succeed.',
  'sign-out': 'Signed out.',
};

const SOCKET_STATES: readonly SocketStateName[] = ['parked', 'ticketing', 'dialling', 'open', 'resting', 'stopped'];

/** A journal entry for people: `about` names the connection that it is about, or the problem, where there is one. */
export type JournalWords = { words: string; about?: string | undefined };

/** `undefined`: a step that needs no words, or one of a worker that knows more than this page. */
export const journalWords = ({ machine, what, detail }: JournalEntry): JournalWords | undefined => {
  const [kind, about] = machine.split(' ', 2);
  if (kind === 'session' && Object.hasOwn(SESSION, what)) {
    return { words: SESSION[what] ?? what, about: detail?.match(/\bcode=.*/)?.[0] };
  }
  const state = kind === 'socket' ? SOCKET_STATES.find((name) => name === what) : undefined;
  return state && { words: `${socketWords(state)}.`, about };
};
