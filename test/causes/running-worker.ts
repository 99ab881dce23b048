import { latestOf } from '../../src/core/session/session-transitions.ts';
import type { SessionMachine, Session, SessionState, Verdict } from '../../src/core/session/session-types.ts';
import { systemClock, type Clock } from '../../src/host/runtime/clock.ts';
import { createDisk, type Disk } from '../../src/host/storage/database.ts';
import type { SignInMethod } from '../../src/host/auth/methods/sign-in-method.ts';
import { createJournal } from '../../src/host/storage/journal.ts';
import { createRefreshLock } from '../../src/host/runtime/locks.ts';
import { createRevocations } from '../../src/host/session/revocations.ts';
import { createSealer } from '../../src/host/storage/encryption.ts';
import { createSessionRuntime, type SessionRuntime } from '../../src/host/session/session-runtime.ts';
import { createSessionStore } from '../../src/host/storage/session-store.ts';

/** Selects the longest backoff, so that a test sees the state before the next attempt. */
const LATE = 0.99;

const SEAL = { id: 'k1', secret: 'a secret of the worker' };

/** The real session runtime of one worker, on a real database. `password` is its only network. */
export type RunningWorker = {
  readonly disk: Disk;
  readonly runtime: SessionRuntime;
  readonly session: Session | undefined;
  /** The verdict on an API request that the server answered with 401. */
  refused(): Promise<Verdict>;
  /** Resolves when the state is one of these. */
  until(...names: readonly SessionState['state'][]): Promise<SessionMachine>;
  /** Kills the worker: its connection to the disk ends. */
  end(): Promise<void>;
};

export const runWorker = (password: SignInMethod): RunningWorker => {
  const watchers = new Set<() => void>();
  let requests = 0;
  let alive = true;
  const disk = createDisk(() => {
    if (alive) runtime.dispatch({ type: 'erased' });
  });
  const sealer = createSealer(disk, 'https://app.example', SEAL);
  /** A timer ends with its worker. */
  const clock: Clock = { now: systemClock.now, schedule: (at, run) => systemClock.schedule(at, () => alive && run()) };
  const runtime = createSessionRuntime({
    store: createSessionStore(disk, sealer),
    refreshLock: createRefreshLock(undefined, { name: '' }),
    signInMethods: { password },
    prepareRefresh: () => undefined,
    verify: async () => ({ type: 'verified', user: { sub: 'demo' } }),
    revocations: createRevocations({
      disk,
      sealer,
      clock: systemClock,
      random: () => 0,
      revoke: async () => true,
      onRefused: () => undefined,
    }),
    journal: createJournal(disk, systemClock, 'worker'),
    clock,
    random: () => LATE,
    onRecordChanged: () => undefined,
    onChange: () => watchers.forEach((look) => look()),
  });
  runtime.dispatch({ type: 'started' });

  const until: RunningWorker['until'] = (...names) =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!names.includes(runtime.machine.state.state)) return;
        watchers.delete(look);
        resolve(runtime.machine);
      };
      watchers.add(look);
      look();
    });

  return {
    disk,
    runtime,
    get session() {
      return latestOf(runtime.machine.state);
    },
    refused: async () => {
      const generation = latestOf(runtime.machine.state)?.generation ?? 0;
      return runtime.requestToken({ type: 'refused', id: `t${(requests += 1)}`, generation, challenge: 'token' });
    },
    until,
    end: () => {
      alive = false;
      return disk.use(async (db) => db.close()).catch(() => undefined);
    },
  };
};
