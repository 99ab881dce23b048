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

const cold: Bench = {
  title: 'first request after the worker was stopped',
  measure: measures.cold,
  rounds: 30,
  tabs: 0,
  takesPart: () => true,
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
  takesPart: ({ renews }) => renews,
  target: { floor: 'sketch', atMost: 1.15 },
  targetOfSigned: undefined,
  beside: [],
});

/** By the names that the command takes. */
export const BENCHES: Readonly<Record<string, readonly Bench[]>> = {
  cold: [cold],
  reload: [
    reload('access token valid, worker running', measures.reloadRunning),
    reload('access token refused, worker running', measures.reloadRefused),
    reload('access token valid, worker stopped', measures.reloadStopped),
    reload('access token expired, worker stopped', measures.reloadExpired),
  ],
  warm: [warm('one at a time', measures.warm), warm('50 at once', measures.crowd)],
  tabs: [
    {
      ...reload('the last of ten tabs, worker stopped', measures.lastTab),
      rounds: 10,
      tabs: TABS,
      target: { floor: 'sketch', atMost: 1.1 },
    },
  ],
};
