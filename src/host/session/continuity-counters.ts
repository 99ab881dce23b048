import { keptSince, survived, type Trial } from '../../core/session/continuity.ts';
import type { Machine } from '../../core/session/session-types.ts';
import { sessionOf } from '../../core/session/session-transitions.ts';
import type { Continuity } from '../../protocol/snapshot.ts';
import type { Disk } from '../storage/database.ts';
import { loadKept, saveKept } from '../storage/profile-identity.ts';
import type { Clock } from '../runtime/clock.ts';

/** Counts what the session has come through, and remembers it over worker restarts. */
export type ContinuityCounters = {
  readonly kept: Continuity;
  count(trial: Trial): void;
  /** Looks at the session for what it came through by itself. */
  observe(before: Machine, after: Machine): void;
};

export const createContinuityCounters = (disk: Disk, clock: Clock, onChange: () => void): ContinuityCounters => {
  let kept = keptSince(clock.now());
  const pending: Trial[] = [];
  let loaded = false;

  const write = (next: Continuity): void => {
    kept = next;
    if (loaded) void saveKept(disk, kept);
    onChange();
  };

  void loadKept(disk, clock.now()).then((stored) => {
    loaded = true;
    write(pending.reduce(survived, stored));
  });

  const count = (trial: Trial): void => {
    if (!loaded) pending.push(trial);
    write(survived(kept, trial));
  };

  return {
    get kept() {
      return kept;
    },
    count,
    observe(before, after) {
      const former = sessionOf(before.state);
      const session = sessionOf(after.state);
      if (before.state.at === 'starting' && session) count('workerRestarts');
      else if (before.state.at === 'establishing' && session) write(keptSince(clock.now()));
      else if (former && session && session.generation > former.generation) count('refreshes');
    },
  };
};
