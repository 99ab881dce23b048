import type { JournalEntry } from '../../protocol/bridge/calls.ts';
import type { Timeline } from './model.ts';

/** The figures of a timeline. `ms`: the time that it covers. `valid`: the share of it (0 to 1) in which the session was valid. */
export type Summary = {
  events: number;
  ms: number;
  valid: number;
  renewals: number;
  failures: number;
  restarts: number;
  losses: number;
  signOuts: number;
};

/** An entry that says the same as the one before it is not a second loss. */
const changesTo = (entries: readonly JournalEntry[], machine: string, what: string): number => {
  const own = entries.filter((entry) => entry.machine === machine);
  return own.filter((entry, index) => entry.what === what && own[index - 1]?.what !== what).length;
};

export const summaryOf = ({ entries, lanes, from, to }: Timeline): Summary => {
  const steps = (what: string): number =>
    entries.filter((entry) => entry.machine === 'session' && entry.what === what).length;
  const token = lanes.find(({ kind }) => kind === 'token')?.spans ?? [];
  // a renewal that is under way does not make the session invalid
  const valid = token
    .filter(({ tone }) => tone === 'good' || tone === 'busy')
    .reduce((sum, span) => sum + Math.min(to, span.to) - span.from, 0);
  const workers = new Set(entries.map(({ worker }) => worker).filter((worker) => worker !== ''));
  return {
    events: entries.length,
    ms: to - from,
    valid: valid / (to - from),
    renewals: steps('granted'),
    failures: steps('grant-failed'),
    restarts: Math.max(0, workers.size - 1),
    losses: changesTo(entries, 'network', 'down'),
    signOuts: changesTo(entries, 'state', 'signed-out'),
  };
};
