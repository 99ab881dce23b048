import { initialMachine, stepSession } from '../../core/session/session.ts';
import {
  SESSION_POLICY,
  type Machine,
  type SessionEffect,
  type SessionEvent,
  type SignInOrder,
  type Verdict,
} from '../../core/session/session-types.ts';
import type { TokenVerdict } from '../../core/session/token-response.ts';
import { wakeAt } from '../../core/session/token-expiry.ts';
import type { SignInNext } from '../../protocol/bridge.ts';
import type { SessionEventName } from '../../protocol/journal-names.ts';
import type { Problem, Result } from '../../protocol/problem.ts';
import type { SignInKind } from '../../protocol/snapshot.ts';
import { storeProblem } from '../storage/database.ts';
import type { SignInMethod, SignInOutcome, VerifyResult } from '../auth/sign-in-method.ts';
import { describe, type Journal } from '../storage/journal.ts';
import type { RefreshLock } from '../runtime/locks.ts';
import { createMachineRunner } from '../runtime/machine-runner.ts';
import type { Revocations } from './revocations.ts';
import type { Loaded, SaveOutcome, SessionStore } from '../storage/session-store.ts';
import type { Clock, Random } from '../runtime/clock.ts';

export type SessionRuntimeOptions = {
  store: SessionStore;
  refreshLock: RefreshLock;
  signInMethods: Partial<Record<SignInKind, SignInMethod>>;
  verify(kind: SignInKind): Promise<VerifyResult>;
  revocations: Revocations;
  journal: Journal;
  clock: Clock;
  random: Random;
  onChange(machine: Machine): void;
};

export type SessionRuntime = {
  readonly machine: Machine;
  dispatch(event: SessionEvent): void;
  requestToken(event: Extract<SessionEvent, { type: 'request' | 'refused' }>): Verdict | Promise<Verdict>;
  signIn(order: SignInOrder): Promise<Result<SignInNext | null>>;
  signOut(): Promise<Result<SignInNext | null>>;
  /** Resolves when no effect is under way; absent when none is. */
  pending(): Promise<void> | undefined;
};

/** How long a request waits for a token before it fails as it would offline. The refresh itself goes on. */
const PATIENCE_MS = 15_000;

const LONGEST_SLEEP_MS = 60_000;

/** One handler for each effect of the session machine; every answer carries its question's call. */
export const createSessionRuntime = (options: SessionRuntimeOptions): SessionRuntime => {
  const { store, refreshLock, signInMethods, revocations, journal, clock, random, onChange } = options;
  const verdicts = new Map<string, (verdict: Verdict) => void>();
  const results = new Map<string, (result: Result<SignInNext | null>) => void>();
  const underWay = new Set<Promise<unknown>>();
  let ids = 0;
  let saves: Promise<SaveOutcome> = Promise.resolve({ type: 'saved' });
  let erasures = 0;
  let wake: { wanted: number; cancel(): void } | undefined;

  const track = (work: Promise<unknown>): void => {
    underWay.add(work);
    void work.finally(() => underWay.delete(work));
  };

  const dispatch = (event: SessionEvent): void => {
    if (event.type === 'erased') erasures++;
    if (event.type !== 'request' && event.type !== 'tick')
      journal.write('session', event.type satisfies SessionEventName, describe(event));
    runner.dispatch(event);
  };

  const settle = async (): Promise<void> => {
    while (underWay.size > 0) await Promise.allSettled(underWay);
  };

  const read = async (
    known: (loaded: Loaded) => SessionEvent,
    failed: (problem: Problem) => SessionEvent,
  ): Promise<void> => {
    const before = erasures;
    dispatch(await store.load().then(known, (error: unknown) => failed(storeProblem(error))));
    // The database was deleted meanwhile: what was read may be the only copy.
    if (erasures !== before) dispatch({ type: 'erased' });
  };

  const save = async (effect: Extract<SessionEffect, { type: 'save' }>): Promise<void> => {
    const { call } = effect;
    // One after the other: an older record that is tried again must not come after a newer one.
    const outcome = await (saves = saves.then(() => store.save(effect.record)));
    if (outcome.type === 'saved') return dispatch({ type: 'saved', call });
    dispatch(
      outcome.type === 'superseded'
        ? { type: 'superseded', call, saved: outcome.saved }
        : { type: 'save-failed', call, problem: outcome.problem },
    );
  };

  const grant = async ({ call, session }: Extract<SessionEffect, { type: 'grant' }>): Promise<void> => {
    const verdict: TokenVerdict = (await signInMethods[session.kind]?.refresh(session)) ?? {
      is: 'failed',
      problem: notOffered(session.kind),
      unanswered: false,
    };
    if (verdict.is === 'granted') return dispatch({ type: 'granted', call, grant: verdict.grant });
    dispatch({ type: 'grant-failed', call, problem: verdict.problem, unanswered: verdict.unanswered });
  };

  const signIn = async ({ call, order }: Extract<SessionEffect, { type: 'sign-in' }>): Promise<void> => {
    const kind = order.kind === 'oidc-callback' ? 'oidc' : order.kind;
    const outcome: SignInOutcome = (await signInMethods[kind]?.signIn(order)) ?? {
      type: 'failed',
      problem: notOffered(kind),
    };
    if (outcome.type === 'redirect') return dispatch({ type: 'sign-in-redirect', call, url: outcome.url });
    dispatch(
      outcome.type === 'granted'
        ? { type: 'signed-in', call, kind, grant: outcome.grant }
        : { type: 'sign-in-failed', call, problem: outcome.problem },
    );
  };

  const verify = async (call: number, kind: SignInKind): Promise<void> => {
    const standing = await options.verify(kind);
    dispatch(
      standing.type === 'verified'
        ? { type: 'verified', call, user: standing.user }
        : { type: 'verify-failed', call, problem: standing.problem },
    );
  };

  const perform = (effect: SessionEffect): void => {
    if (effect.type !== 'answer') journal.write('session', `→ ${effect.type}`, describe(effect));
    switch (effect.type) {
      case 'load':
        return track(
          read(
            (loaded) => ({ type: 'loaded', call: effect.call, ...loaded }),
            (problem) => ({ type: 'load-failed', call: effect.call, problem }),
          ),
        );
      case 'lock':
        return refreshLock.take(() =>
          track(
            read(
              ({ saved }) => ({ type: 'locked', call: effect.call, saved }),
              (problem) => ({ type: 'locked', call: effect.call, saved: undefined, problem }),
            ),
          ),
        );
      case 'unlock':
        return refreshLock.release();
      case 'save':
        return track(save(effect));
      case 'grant':
        return track(grant(effect));
      case 'verify':
        return track(verify(effect.call, effect.kind));
      case 'sign-in':
        return track(signIn(effect));
      case 'revoke':
        return track(revocations.add(effect.session).then(() => revocations.run()));
      case 'answer':
        return give(verdicts, effect.id, effect.verdict);
      case 'settle':
        return give(results, effect.id, effect.result);
    }
  };

  const rearm = (machine: Machine): void => {
    const wanted = wakeAt(machine, SESSION_POLICY);
    // A timer knows nothing of a clock that jumps, nor of a device that slept: so it looks again now and then.
    const at = wanted === Infinity ? wanted : Math.min(wanted, clock.now() + LONGEST_SLEEP_MS);
    if (wake?.wanted === wanted) return;
    wake?.cancel();
    wake = at === Infinity ? undefined : { wanted, cancel: clock.schedule(at, onWake) };
  };

  const onWake = (): void => {
    wake = undefined;
    dispatch({ type: 'tick' });
    rearm(runner.machine);
  };

  const runner = createMachineRunner({
    initial: initialMachine,
    step: (machine: Machine, event: SessionEvent, at) => stepSession(machine, event, at, SESSION_POLICY),
    perform,
    moment: () => ({ now: clock.now(), chance: random() }),
    onChange(machine) {
      rearm(machine);
      onChange(machine);
    },
  });

  const request = (event: (id: string) => SessionEvent): Promise<Result<SignInNext | null>> => {
    const id = `s${++ids}`;
    return new Promise((resolve) => {
      results.set(id, resolve);
      dispatch(event(id));
    });
  };

  return {
    get machine() {
      return runner.machine;
    },
    dispatch,
    requestToken(event) {
      let given: Verdict | undefined;
      let late: ((verdict: Verdict) => void) | undefined;
      verdicts.set(event.id, (verdict) => {
        given = verdict;
        late?.(verdict);
      });
      dispatch(event);
      return given ?? waitFor(event.id, (resolve) => (late = resolve));
    },
    signIn: (order) => request((id) => ({ type: 'sign-in', id, order })),
    signOut: () => request((id) => ({ type: 'sign-out', id })),
    pending: () => (underWay.size > 0 ? settle() : undefined),
  };

  function waitFor(id: string, listen: (resolve: (verdict: Verdict) => void) => void): Promise<Verdict> {
    return new Promise((resolve) => {
      const cancel = clock.schedule(clock.now() + PATIENCE_MS, () => {
        verdicts.delete(id);
        dispatch({ type: 'abandoned', id });
        resolve({ go: 'stop', problem: { code: 'timeout', at: 'token' } });
      });
      listen((verdict) => {
        cancel();
        resolve(verdict);
      });
    });
  }
};

const give = <T>(waiting: Map<string, (value: T) => void>, id: string, value: T): void => {
  const take = waiting.get(id);
  waiting.delete(id);
  take?.(value);
};

const notOffered = (kind: SignInKind): Problem => ({ code: 'unsupported', detail: kind });
