import { pluralsFor } from '../../locale/plural.ts';

const { counted } = pluralsFor('en');

/** The questions of `<session-why>` and their answers. */
export const explanationEn = {
  whySignedOut: 'Why was I signed out?',
  details: 'Details',
  whyWaiting: 'Why is it reconnecting?',
  whyOfflineNow: 'Why am I offline?',
  whyNotLive: 'Why are there no live updates?',
  whySignInAgain: 'Why do I have to sign in again?',
  whyNotAccepted: 'Why does the server not accept my session?',
  whyAsked: 'Your session is kept. The worker tries again every few minutes by itself.',
  whySignInFailed: 'The last sign-in failed.',
  whyRejected:
    'The server no longer accepts this session. It was ended elsewhere, the password was changed, or it was not used for too long.',
  whyExpired: 'The server limits how long a session lasts, and this one reached its limit.',
  whyLost:
    'A renewal reached the server, but its answer never arrived. The server then rejected the previous token, as it must.',
  whyNotYou: 'Reloading, losing the network or closing the browser does not sign you out.',
  whyOffline: 'This device is offline. Nothing is lost in the meantime.',
  whyAttempt: (count: number) =>
    `${counted(count, { one: 'attempt', other: 'attempts' })} so far. It keeps trying, and you stay signed in.`,
  whySocket: 'The live connection is being restored. Your session is not affected.',
  whyStopped: 'The server closed the connection and won’t accept a new one.',
  lastProof: (when: string) => `Last confirmed by the server ${when}`,
  neverProved: 'Not confirmed by the server since this worker started',
  minuteBefore: 'What happened in the minute before',
  lastMinute: 'What happened in the last minute',
  nothingBefore: 'Nothing was recorded in that time.',
};

export type ExplanationStrings = typeof explanationEn;
