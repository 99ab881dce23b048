import type { Continuity } from '../../protocol/snapshot.ts';

/** What a session can be kept through. */
export type Trial = 'reloads' | 'workerRestarts' | 'networkLosses' | 'refreshes';

export const keptSince = (now: number): Continuity => ({
  since: now,
  reloads: 0,
  workerRestarts: 0,
  networkLosses: 0,
  refreshes: 0,
});

export const survived = (kept: Continuity, trial: Trial): Continuity => ({ ...kept, [trial]: kept[trial] + 1 });
