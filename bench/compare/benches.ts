import * as measures from './measures.ts';
import type { Target } from './report.ts';
import type { Subject } from './subjects.ts';

/** One table of the bench. */
export type Bench = {
  readonly title: string;
  readonly measure: measures.Measure;
  readonly rounds: number;
  /** How many tabs it needs besides the one of the stage. */
  readonly tabs: number;
  readonly takesPart: (subject: Subject) => boolean;
  readonly target: Target;
  /** For a subject that signs its requests. Absent where no floor does the same work. */
  readonly targetOfSigned: Target | undefined;
  /** Floors for a ratio without a target. */
  readonly beside: readonly string[];
};

const TABS = 10;

/** Subjects with bearer tokens of another provider are measured beside each other only. */
const isCompared = ({ role, signIn }: Subject): boolean => role !== 'peer' && signIn !== 'bearer';

const cold: Bench = {
  title: 'first request after the worker was stopped',
  measure: measures.cold,
  rounds: 30,
  tabs: 0,
  takesPart: isCompared,
  target: { floor: 'minimal', atMost: 1.15 },
  targetOfSigned: { floor: 'signed', atMost: 1.15 },
  beside: ['pass-through'],
};

const warm = (title: string, measure: measures.Measure): Bench => ({
  ...cold,
  title: `request to a running worker, ${title}`,
  measure,
  rounds: 8,
  target: { floor: 'pass-through', atMost: 1.1 },
  targetOfSigned: { floor: 'signed', atMost: 1.1 },
  beside: ['minimal'],
});

/** For the subjects that keep a session over a reload. */
const reload = (title: string, measure: measures.Measure): Bench => ({
  title: `reload until verified: ${title}`,
  measure,
  rounds: 20,
  tabs: 0,
  takesPart: (subject) => isCompared(subject) && subject.renews,
  target: { floor: 'sketch', atMost: 1.15 },
  targetOfSigned: undefined,
  beside: [],
});

const PEERS = ['oidc-client-ts', 'axa', 'wrapper'];

/** The product with plain bearer tokens, beside other libraries and beside what a team writes by hand. */
const beside = (title: string, measure: measures.Measure, others: Partial<Bench> = {}): Bench => ({
  title,
  measure,
  rounds: 8,
  tabs: 0,
  takesPart: ({ name, role, signIn }) => role === 'peer' || signIn === 'bearer' || name === 'raw' || name === 'sketch',
  target: { floor: 'axa', atMost: 1 },
  targetOfSigned: undefined,
  beside: ['raw', 'sketch', ...PEERS],
  ...others,
});

/** A library that loses its session with its worker cannot be measured after that. */
const survivors: Partial<Bench> = {
  target: { floor: 'sketch', atMost: 1.15 },
  takesPart: ({ name, role, signIn, survivesStop }) =>
    survivesStop && (role === 'peer' || signIn === 'bearer' || name === 'sketch'),
};

/** By the names that the command takes. */
export const BENCHES: Readonly<Record<string, readonly Bench[]>> = {
  cold: [cold],
  reload: [
    reload('access token valid, worker running', measures.reloadRunning),
    reload('access token refused, worker running', measures.reloadRefused),
    reload('access token valid, worker stopped', measures.reloadStopped),
    reload('access token expired, worker stopped', measures.reloadExpired),
  ],
  warm: [warm('one at a time', measures.warm), warm('50 at once', measures.crowd(50))],
  tabs: [
    {
      ...reload('the last of ten tabs, worker stopped', measures.lastTab),
      rounds: 10,
      tabs: TABS,
      target: { floor: 'sketch', atMost: 1.1 },
    },
  ],
  peers: [
    beside('authorized GET, one at a time', measures.warm),
    beside('authorized GET, 50 at once', measures.crowd(50)),
    beside('authorized GET, 500 at once', measures.crowd(500)),
    beside('reload until verified: worker running', measures.reloadRunning, { rounds: 20 }),
    beside('reload until verified: worker stopped', measures.reloadStopped, { rounds: 20, ...survivors }),
    beside('the last of ten tabs, worker stopped', measures.lastTab, { rounds: 10, tabs: TABS, ...survivors }),
  ],
};
