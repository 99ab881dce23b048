import { continuitySince, withDisruption, type Disruption } from '../../core/session/session-view.ts';
import type { SessionMachine } from '../../core/session/session-types.ts';
import { sessionOf } from '../../core/session/session-transitions.ts';
import { CONTINUITY, type Continuity } from '../../protocol/snapshot.ts';
import { putDurably, type Disk } from '../storage/database.ts';
import type { Clock } from '../runtime/clock.ts';

/** Counts the reloads, worker restarts, network losses and refreshes that the session survived. Kept on the disk. */
export type ContinuityCounters = {
  readonly kept: Continuity;
  count(trial: Disruption): void;
  /** Reads the counters of earlier workers, once. Counts before that are added to them. */
  load(): void;
  /** Counts what a step of the session machine shows: a restart, a refresh. A sign-in starts again at zero. */
  observe(before: SessionMachine, after: SessionMachine): void;
};

const KEY = 'kept';

export const createContinuityCounters = (disk: Disk, clock: Clock, onChange: () => void): ContinuityCounters => {
  let kept = continuitySince(clock.now());
  const pending: Disruption[] = [];
  let loading = false;
  let loaded = false;
  let isNew = false;

  /** What the disk has belongs to the session before. */
  const startAgain = (): void => {
    pending.length = 0;
    isNew = true;
    write(continuitySince(clock.now()));
  };

  const write = (next: Continuity): void => {
    kept = next;
    if (loaded) void disk.use((db) => putDurably(db, 'plain', KEY, next)).catch(() => undefined);
    onChange();
  };

  const load = (): void => {
    if (loading) return;
    loading = true;
    void disk
      .use((db) => db.get('plain', KEY))
      .then(CONTINUITY.read)
      .catch(() => undefined)
      .then((stored) => {
        loaded = true;
        write(isNew ? kept : pending.reduce(withDisruption, stored ?? continuitySince(clock.now())));
      });
  };

  const count = (trial: Disruption): void => {
    if (!loaded) pending.push(trial);
    write(withDisruption(kept, trial));
  };

  return {
    get kept() {
      return kept;
    },
    count,
    load,
    observe(before, after) {
      const former = sessionOf(before.state);
      const session = sessionOf(after.state);
      if (before.state.state === 'starting' && session) count('workerRestarts');
      else if (before.state.state === 'establishing' && session) startAgain();
      else if (former && session && session.generation > former.generation) count('refreshes');
    },
  };
};
