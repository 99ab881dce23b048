import { pluralsFor } from '../locale/plural.ts';

const { counted } = pluralsFor('en');

/** The answers to "why?". */
export const explanationEn = {
  whySignedOut: 'Why was I signed out?',
  whyNot: 'Why?',
  whyWaiting: 'Why is it reconnecting?',
  whyOfflineNow: 'Why am I offline?',
  whyRejected:
    'The server said that this session is no longer valid. Somebody ended it elsewhere, the password was changed, or it was not used for too long.',
  whyExpired: 'The server gave this session an end when it began, and that time has come.',
  whyLost:
    'A renewal reached the server, but its answer never came back. The server then refused the token from before, as it must.',
  whyNotYou: 'A reload, a lost network or a closed browser cannot do this.',
  whyOffline: 'This device has no network. Nothing can be asked, and nothing is lost meanwhile.',
  whyAttempt: (count: number) =>
    `${counted(count, { one: 'try', other: 'tries' })} so far. It goes on by itself; you stay signed in.`,
  whySocket: 'The live connection is being made again. Your session is not touched by that.',
  whyStopped: 'The server closed the live connection and asked us to stay away.',
  lastProof: (when: string) => `Last confirmed by the server ${when}`,
  neverProved: 'Not confirmed by the server since this worker started',
  minuteBefore: 'What happened in the minute before',
  lastMinute: 'What happened in the last minute',
  nothingBefore: 'Nothing was written down in that time.',
};

export type ExplanationStrings = typeof explanationEn;
