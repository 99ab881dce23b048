import { pluralsFor } from '../../locale/plural.ts';

const { counted } = pluralsFor('en');
const requests = (count: number): string => counted(count, { one: 'request', other: 'requests' });
const messages = (count: number): string => counted(count, { one: 'message', other: 'messages' });
const faults = (count: number): string => counted(count, { one: 'fault', other: 'faults' });
const signOuts = (count: number): string => counted(count, { one: 'sign-out', other: 'sign-outs' });

type Fault = readonly [title: string, detail: string];

const fault = {
  worker: ['Replace the worker', 'A page cannot kill its worker, so a new version takes its place.'],
  reload: ['Reload', 'This page starts again, in the middle of the run.'],
  'hard-reload': ['Hard reload', 'Press Shift and reload: no worker controls the page then.'],
  network: ['Cut the network', 'Every connection breaks for 3 seconds.'],
  drop: ['Drop the socket', 'The live connection closes without a word.'],
  freeze: ['Freeze the socket', 'It stays open and says nothing for 5 seconds.'],
  expire: ['Expire all tokens', 'The server accepts no access token any more.'],
  provider: ['Provider down', 'Two renewals in a row fail with 503.'],
  lost: ['Lose an answer', 'A renewal succeeds, and its answer never arrives.'],
  restart: ['Server away', 'It closes every connection, and refuses new ones for 3 seconds.'],
  deploy: ['Deploy a version', 'A new worker takes over while everything runs.'],
  tabs: ['Forty at once', 'Forty requests with an expired token, as forty tabs send them.'],
} satisfies Record<string, Fault>;

/** The strings of the resilience page. */
export const labEn = {
  fault: fault as Record<keyof typeof fault, Fault>,
  killed: ['Kill the worker', 'The browser ends it, as it does to free memory.'] as readonly [string, string],
  fortyTabs: ['Forty tabs at once', 'Forty tabs open with an expired token.'] as readonly [string, string],
  lead: 'Break the page, its worker, its network or its server while requests and messages run. It holds if you stay signed in and each message arrives once.',
  all: 'All of them, for a minute',
  stop: 'Stop',
  exportReport: 'Export report',
  faults: 'Faults',
  requests: 'Requests answered',
  messages: 'Messages received',
  lostAndDoubled: (lost: number, doubled: number) => `${lost} lost, ${doubled} doubled`,
  signOuts: 'Sign-outs',
  recovery: 'Time to recover',
  failedMeanwhile: (count: number) => (count === 0 ? 'none failed' : `${count} failed during a fault`),
  reloaded: (count: number) => `${count} ended by a reload`,
  waiting: (count: number) => `${count} waiting`,
  now: (fault: string) => `Now: ${fault}`,
  of: (part: number, whole: number) => `${part} of ${whole}`,
  slowest: (time: string) => `slowest ${time}`,
  idle: 'Nothing is broken yet. Choose a fault.',
  running: (left: number) => `${left} s left`,
  progress: 'Progress of the minute',
  soFar: (survived: number, ended: number) =>
    `So far ${faults(survived)} survived, ${ended === 0 ? 'no sign-out' : signOuts(ended)}.`,
  settling: 'Waiting for the last answers…',
  recovering: 'Recovering…',
  recovered: (time: string) => `Recovered in ${time}`,
  notRecovered: 'Not recovered',
  leverFailed: (title: string, reason: string) => `${title}: the server did not do it (${reason}).`,
  held: 'It held.',
  heldDetail: (broken: number, answered: number, seen: number) =>
    `${faults(broken)}, no sign-out. ${requests(answered)} answered, and ${messages(seen)} received, each once.`,
  untested: 'Nothing was broken, so there is no verdict.',
  broken: 'It did not hold.',
  brokenDetail: (what: string) => `Evidence: ${what}.`,
  evidence: {
    signOuts,
    refused: (count: number) => `${requests(count)} refused with 401`,
    missing: (count: number) => `${messages(count)} lost`,
    doubled: (count: number) => `${messages(count)} doubled`,
    unrecovered: (count: number) => `${faults(count)} without recovery`,
    pending: (count: number) => `${requests(count)} without an answer`,
  },
  live: 'Live',
  noLab: 'This server has no fault routes.',
  noLabDetail: 'Start one on your machine, or let the command break your own site:',
  more: 'Only a command can do these',
  moreDetail: [
    ['npm run show', 'opens this page in a browser that it drives: kills the worker, reloads hard, opens forty tabs'],
    ['npm run lab', 'runs all scenarios: sleep, idle hours, a wrong clock, a full disk, captive portals'],
    ['npx session-keeper lab https://your.site', 'runs them against your own site'],
  ] as readonly (readonly [command: string, what: string])[],
};

export type LabStrings = typeof labEn;
