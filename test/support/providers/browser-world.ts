import { vi } from 'vitest';
import { latestOf } from '../../../src/core/session/session-transitions.ts';
import type { Session, SessionState, Verdict } from '../../../src/core/session/session-types.ts';
import type { TokenSource } from '../../../src/host/auth/auth.ts';
import type { RevocationResult } from '../../../src/host/auth/methods/sign-in-method.ts';
import { createRefreshLock } from '../../../src/host/runtime/locks.ts';
import { createRevocations } from '../../../src/host/session/revocations.ts';
import { createSessionRuntime, type SessionRuntime } from '../../../src/host/session/session-runtime.ts';
import { createDisk, destroyDisk, type Disk } from '../../../src/host/storage/database.ts';
import { createSealer, type Sealer } from '../../../src/host/storage/encryption.ts';
import { createJournal } from '../../../src/host/storage/journal.ts';
import { createSessionStore } from '../../../src/host/storage/session-store.ts';
import type { Problem } from '../../../src/protocol/problem.ts';
import type { SignInKind } from '../../../src/protocol/snapshot.ts';

/** A clock that moves only when the test says so. */
export type WorldClock = {
  now(): number;
  schedule(at: number, run: () => void): () => void;
  /** Runs what is due, up to this many ms from now, each at its time. */
  pass(ms: number): Promise<void>;
};

/** The workers of this test that live, and the connections of all. */
const running = new Set<SessionRuntime>();
const disks = new Set<Disk>();

/** What an effect leads to after its end, such as the next effect. */
const ROUNDS = 3;

/** Resolves when no effect of a living worker is in flight. */
export const settle = async (): Promise<void> => {
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const runtime of running) await runtime.pending();
    await new Promise((resolve) => setImmediate(resolve));
  }
};

export const createWorldClock = (): WorldClock => {
  // oauth4webapi judges ID tokens by the system's clock.
  let now = Date.now();
  const due = new Map<() => void, number>();
  return {
    now: () => now,
    schedule(at, run) {
      const once = (): void => run();
      due.set(once, at);
      return () => void due.delete(once);
    },
    async pass(ms) {
      const end = now + ms;
      for (;;) {
        const [next] = [...due].toSorted(([, one], [, other]) => one - other);
        if (!next || next[1] > end) break;
        const [run, at] = next;
        due.delete(run);
        now = Math.max(now, at);
        run();
        await settle();
      }
      now = end;
      await settle();
    },
  };
};

/** The sign-in methods of one worker, on its disk. */
export type MethodsOf = (tools: { disk: Disk; sealer: Sealer; hasLeft(): boolean }) => {
  methods: Partial<Record<SignInKind, TokenSource>>;
  revoke(session: Session): Promise<RevocationResult>;
};

export type WorldWorker = {
  readonly runtime: SessionRuntime;
  readonly state: SessionState;
  readonly session: Session | undefined;
  /** What a revocation was refused with. */
  readonly refused: readonly Problem[];
  /** The verdict on a request of a page, to the API itself or to this resource. */
  request(resource?: string): Promise<Verdict>;
  /** The verdict after the API answered 401 to the present token. */
  unauthorized(): Promise<Verdict>;
  signOut(): Promise<void>;
  /** The browser ends the worker: nothing that it began reaches it any more. */
  kill(): void;
};

type Verify = Parameters<typeof createSessionRuntime>[0]['verify'];

/** One worker of a browser whose disk outlives it. */
export const startWorker = async (
  clock: WorldClock,
  methodsOf: MethodsOf,
  verify: Verify = async () => ({ type: 'verified', user: { sub: 'demo' } }),
): Promise<WorldWorker> => {
  let alive = true;
  let requests = 0;
  const refused: Problem[] = [];
  const disk = createDisk();
  const sealer = createSealer(disk, 'https://app.example', { id: 'k1', secret: 'a secret of the worker' });
  const hasLeft = (): boolean => {
    const { state } = runtime.machine;
    return state.state === 'signed-out' && state.reason === 'user';
  };
  const { methods, revoke } = methodsOf({ disk, sealer, hasLeft });
  /** An answer to a worker that is gone arrives nowhere. */
  const whileAlive = <T>(answer: Promise<T>): Promise<T> =>
    answer.then((value) => (alive ? value : new Promise<T>(() => undefined)));
  const living = (source: TokenSource): TokenSource => ({
    signIn: (command) => whileAlive(source.signIn(command)),
    refresh: (...asked) => whileAlive(source.refresh(...asked)),
  });
  const own = { now: clock.now, schedule: (at: number, run: () => void) => clock.schedule(at, () => alive && run()) };
  const runtime = createSessionRuntime({
    store: createSessionStore(disk, sealer),
    refreshLock: createRefreshLock(undefined, { name: '' }),
    signInMethods: Object.fromEntries(Object.entries(methods).map(([kind, source]) => [kind, living(source)])),
    prepareRefresh: () => undefined,
    verify,
    revocations: createRevocations({
      ...{ disk, sealer, clock: own, random: () => 0, revoke },
      onRefused(_session, problem) {
        refused.push(problem);
        runtime.dispatch({ type: 'revocation-refused', problem });
      },
    }),
    journal: createJournal(disk, own, 'worker'),
    clock: own,
    random: () => 0.5,
    onRecordChanged: () => undefined,
    onChange: () => undefined,
  });
  running.add(runtime);
  disks.add(disk);
  runtime.dispatch({ type: 'started' });
  await settle();
  const nextId = (): string => `t${(requests += 1)}`;
  return {
    runtime,
    refused,
    get state() {
      return runtime.machine.state;
    },
    get session() {
      return latestOf(runtime.machine.state);
    },
    request: async (resource) => runtime.requestToken({ type: 'request', id: nextId(), resource }),
    async unauthorized() {
      const generation = latestOf(runtime.machine.state)?.generation ?? 0;
      return runtime.requestToken({ type: 'refused', id: nextId(), generation, challenge: 'token' });
    },
    async signOut() {
      await runtime.signOut();
      await settle();
    },
    kill() {
      alive = false;
      running.delete(runtime);
    },
  };
};

/** After each test: no session is left, and the network is the real one. */
export const endWorld = async (): Promise<void> => {
  running.clear();
  for (const disk of disks) await disk.close();
  disks.clear();
  await destroyDisk();
  vi.unstubAllGlobals();
};
