import { initialMachine, stepSession } from '../../core/session/session.ts';
import { signInKindOf } from '../../core/session/session-sign-in.ts';
import type {
  SessionMachine,
  SessionEffect,
  SessionEvent,
  SessionRecord,
  SignInCommand,
  Verdict,
} from '../../core/session/session-types.ts';
import { SESSION_POLICY } from '../../core/session-policy.ts';
import { wakeAt } from '../../core/session/token-expiry.ts';
import type { TokenVerdict } from '../../core/token-endpoint/token-response.ts';
import type { SignInNext } from '../../protocol/bridge/calls.ts';
import type { SessionEventName } from '../../protocol/journal-names.ts';
import type { Problem, Result } from '../../protocol/problem.ts';
import type { SignInKind } from '../../protocol/snapshot.ts';
import type { TokenSource } from '../auth/auth.ts';
import { failedWith, type VerifyResult } from '../auth/methods/sign-in-method.ts';
import type { Clock, Random } from '../runtime/clock.ts';
import type { RefreshLock } from '../runtime/locks.ts';
import { createMachineRunner } from '../runtime/machine-runner.ts';
import { storeProblem } from '../storage/store-problem.ts';
import { describe, type Journal } from '../storage/journal.ts';
import { generationOfRecord } from '../storage/session-row.ts';
import type { Loaded, SaveOutcome, SessionStore } from '../storage/session-store.ts';
import type { Revocations } from './revocations.ts';

export type SessionRuntimeOptions = {
  store: SessionStore;
  refreshLock: RefreshLock;
  signInMethods: Partial<Record<SignInKind, TokenSource>>;
  /** A refresh comes: loads what it needs. */
  prepareRefresh(): void;
  verify(kind: SignInKind): Promise<VerifyResult>;
  revocations: Revocations;
  journal: Journal;
  clock: Clock;
  random: Random;
  onChange(machine: SessionMachine): void;
  /** The disk has a record that the other hosts of this deployment do not know. */
  onRecordChanged(): void;
};

export type SessionRuntime = {
  readonly machine: SessionMachine;
  dispatch(event: SessionEvent): void;
  /** The verdict on a request, or on its 401. Immediate when the machine needs no effect for it. */
  requestToken(event: Extract<SessionEvent, { type: 'request' | 'refused' }>): Verdict | Promise<Verdict>;
  /** The backend, or this resource, refused the token of this generation, which the provider had just issued. */
  refusedAgain(generation: number, resource: string | undefined): void;
  signIn(order: SignInCommand): Promise<Result<SignInNext | null>>;
  signOut(): Promise<Result<SignInNext | null>>;
  /** Resolves when no effect is in flight. `undefined` when none is. */
  pending(): Promise<void> | undefined;
};

const MAX_SLEEP_MS = 60_000;

/** Runs the session machine: one handler for each effect. Each answer carries the call of its effect. */
export const createSessionRuntime = (options: SessionRuntimeOptions): SessionRuntime => {
  const { store, refreshLock, signInMethods, revocations, journal, clock, random, onChange } = options;
  const verdicts = new Map<string, (verdict: Verdict) => void>();
  const results = new Map<string, (result: Result<SignInNext | null>) => void>();
  const inFlight = new Set<Promise<unknown>>();
  let ids = 0;
  let saves: Promise<SaveOutcome> = Promise.resolve({ type: 'saved' });
  let erasures = 0;
  let announced = '';
  let wake: { at: number; cancel(): void } | undefined;

  const track = (work: Promise<unknown>): void => {
    inFlight.add(work);
    void work.finally(() => inFlight.delete(work));
  };

  const dispatch = (event: SessionEvent): void => {
    if (event.type === 'erased') erasures++;
    if (event.type !== 'request' && event.type !== 'tick')
      journal.write('session', event.type satisfies SessionEventName, describe(event));
    runner.dispatch(event);
  };

  const untilSettled = async (): Promise<void> => {
    while (inFlight.size > 0) await Promise.allSettled(inFlight);
  };

  const read = async (
    onLoaded: (loaded: Loaded) => SessionEvent,
    onFailed: (problem: Problem) => SessionEvent,
  ): Promise<void> => {
    const before = erasures;
    dispatch(await store.load().then(onLoaded, (error: unknown) => onFailed(storeProblem(error))));
    // A script deleted the database during the read. So this worker may hold the only copy, and must write it again.
    if (erasures !== before) dispatch({ type: 'erased' });
  };

  /** A write-ahead record, or a new name of the user, changes no one's session. */
  const announce = (record: SessionRecord): void => {
    const truth = `${record.state} ${generationOfRecord(record)}`;
    if (truth !== announced) options.onRecordChanged();
    announced = truth;
  };

  const save = async ({ call, record }: Extract<SessionEffect, { type: 'save' }>): Promise<void> => {
    // One save after the other: a retry of an older record must not come after a newer one.
    const outcome = await (saves = saves.then(() => store.save(record)));
    if (outcome.type === 'saved') {
      announce(record);
      return dispatch({ type: 'saved', call });
    }
    dispatch(
      outcome.type === 'superseded'
        ? { type: 'superseded', call, saved: outcome.saved }
        : { type: 'save-failed', call, problem: outcome.problem },
    );
  };

  const refresh = async ({ call, session, resource }: Extract<SessionEffect, { type: 'grant' }>): Promise<void> => {
    const verdict: TokenVerdict = (await signInMethods[session.kind]?.refresh(session, resource)) ?? {
      type: 'failed',
      problem: unsupported(session.kind),
      unanswered: false,
    };
    if (verdict.type === 'granted') return dispatch({ type: 'granted', call, grant: verdict.grant });
    dispatch({ type: 'grant-failed', call, problem: verdict.problem, unanswered: verdict.unanswered });
  };

  const signIn = async ({ call, command }: Extract<SessionEffect, { type: 'sign-in' }>): Promise<void> => {
    const kind = signInKindOf(command);
    const outcome = (await signInMethods[kind]?.signIn(command)) ?? failedWith(unsupported(kind));
    if (outcome.type === 'redirect') return dispatch({ type: 'sign-in-redirect', call, url: outcome.url });
    dispatch(
      outcome.type === 'granted'
        ? { type: 'signed-in', call, kind, grant: outcome.grant }
        : { type: 'sign-in-failed', call, problem: outcome.problem },
    );
  };

  const verify = async (call: number, kind: SignInKind): Promise<void> => {
    const result = await options.verify(kind);
    dispatch(
      result.type === 'verified'
        ? { type: 'verified', call, user: result.user, generation: result.generation }
        : { type: 'verify-failed', call, problem: result.problem },
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
        refreshLock.take(() =>
          track(
            read(
              ({ saved }) => ({ type: 'locked', call: effect.call, saved }),
              (problem) => ({ type: 'locked', call: effect.call, saved: undefined, problem }),
            ),
          ),
        );
        return options.prepareRefresh();
      case 'unlock':
        return refreshLock.release();
      case 'save':
        return track(save(effect));
      case 'grant':
        return track(refresh(effect));
      case 'verify':
        return track(verify(effect.call, effect.kind));
      case 'sign-in':
        return track(signIn(effect));
      case 'revoke':
        return track(revocations.add(effect.session).then(revocations.run));
      case 'answer':
        return resolveWaiting(verdicts, effect.id, effect.verdict);
      case 'settle':
        return resolveWaiting(results, effect.id, effect.result);
    }
  };

  const updateWake = (machine: SessionMachine): void => {
    const at = wakeAt(machine, SESSION_POLICY);
    if (wake?.at === at) return;
    wake?.cancel();
    // A timer does not see a clock that jumps, or a device that slept. So it fires at least once a minute.
    const due = Math.min(at, clock.now() + MAX_SLEEP_MS);
    wake = at === Infinity ? undefined : { at, cancel: clock.schedule(due, onWake) };
  };

  const onWake = (): void => {
    wake = undefined;
    dispatch({ type: 'tick' });
    updateWake(runner.machine);
  };

  const runner = createMachineRunner({
    initial: initialMachine,
    step: (machine: SessionMachine, event: SessionEvent, moment) => stepSession(machine, event, moment, SESSION_POLICY),
    perform,
    moment: () => ({ now: clock.now(), chance: random() }),
    onChange(machine) {
      updateWake(machine);
      onChange(machine);
    },
  });

  const dispatchForResult = (event: (id: string) => SessionEvent): Promise<Result<SignInNext | null>> => {
    const id = `s${++ids}`;
    return new Promise((resolve) => {
      results.set(id, resolve);
      dispatch(event(id));
    });
  };

  const waitFor = (id: string): Promise<Verdict> =>
    new Promise((resolve) => {
      // After that the request fails as it would offline, while the refresh goes on.
      const cancel = clock.schedule(clock.now() + SESSION_POLICY.patienceMs, () => {
        verdicts.delete(id);
        dispatch({ type: 'abandoned', id });
        resolve({ type: 'fail', problem: { code: 'timeout', at: 'token' } });
      });
      verdicts.set(id, (verdict) => {
        cancel();
        resolve(verdict);
      });
    });

  return {
    get machine() {
      return runner.machine;
    },
    dispatch,
    requestToken(event) {
      let immediate: Verdict | undefined;
      verdicts.set(event.id, (verdict) => (immediate = verdict));
      dispatch(event);
      return immediate ?? waitFor(event.id);
    },
    refusedAgain: (generation, resource) => dispatch({ type: 'refused-again', generation, resource }),
    signIn: (command) => dispatchForResult((id) => ({ type: 'sign-in', id, command })),
    signOut: () => dispatchForResult((id) => ({ type: 'sign-out', id })),
    pending: () => (inFlight.size > 0 ? untilSettled() : undefined),
  };
};

const resolveWaiting = <T>(waiting: Map<string, (value: T) => void>, id: string, value: T): void => {
  const resolve = waiting.get(id);
  waiting.delete(id);
  resolve?.(value);
};

const unsupported = (kind: SignInKind): Problem => ({ code: 'unsupported', detail: kind });
