import { VERIFY_BACKOFF } from '../../../src/protocol/timing/backoff.ts';
import { describe, expect, test } from 'vitest';
import { initialMachine, stepSession } from '../../../src/core/session/session.ts';
import type {
  SessionMachine,
  SessionRecord,
  SessionEffect,
  SessionEvent,
} from '../../../src/core/session/session-types.ts';
import { SESSION_POLICY } from '../../../src/core/session-policy.ts';
import { wakeAt } from '../../../src/core/session/token-expiry.ts';

const SAVED: SessionRecord = {
  state: 'signed-in',
  session: {
    kind: 'password',
    generation: 7,
    startedAt: 0,
    tokens: { refresh: 'rt', access: { value: 'at', scheme: 'Bearer', issuedAt: 0, expiresAt: 900_000 } },
  },
};
const USER = { sub: 'demo', name: 'Demo' };
const NO_NETWORK = { code: 'network-unreachable', at: '/whoami' } as const;

/** A worker that has just read its session from the disk and has sent the first check to the backend. */
const createWorker = (step = stepSession, beforeLoad: readonly SessionEvent[] = [], saved = SAVED) => {
  let machine: SessionMachine = initialMachine;
  let effects: readonly SessionEffect[] = [];
  const verifications: number[] = [];
  let lastCall = 0;
  const dispatch = (event: SessionEvent, now: number): void => {
    ({ machine, effects } = step(machine, event, { now, chance: 0.5 }, SESSION_POLICY));
    for (const effect of effects) {
      if (effect.type === 'verify') verifications.push(effect.call);
      else if ('call' in effect) lastCall = effect.call;
    }
  };
  dispatch({ type: 'started' }, 0);
  for (const event of beforeLoad) dispatch(event, 0);
  dispatch({ type: 'loaded', call: 1, saved }, 0);
  return {
    verifications,
    dispatch,
    get lastCall() {
      return lastCall;
    },
    fail: (now: number) =>
      dispatch({ type: 'verify-failed', call: verifications.at(-1) ?? 0, problem: NO_NETWORK }, now),
    prove: (now: number) => dispatch({ type: 'verified', call: verifications.at(-1) ?? 0, user: USER }, now),
    get wakeAt() {
      return wakeAt(machine, SESSION_POLICY);
    },
    get machine() {
      return machine;
    },
  };
};

type Worker = ReturnType<typeof createWorker>;

/** Runs each timer of the worker until `until`, and fails every check. */
const failUntil = (worker: Worker, until: number): void => {
  let now = 0;
  worker.fail(now);
  while (worker.wakeAt < until) {
    now = worker.wakeAt;
    const before = worker.verifications.length;
    worker.dispatch({ type: 'tick' }, now);
    if (worker.verifications.length > before) worker.fail(now);
    else break;
  }
};

describe('the check with the backend', () => {
  test('repeats the check at growing intervals until the backend answers', () => {
    const worker = createWorker();
    failUntil(worker, 600_000);
    expect(worker.verifications.length).toBeGreaterThan(10);
    expect(worker.verifications.length).toBeLessThan(40);
    worker.dispatch({ type: 'tick' }, worker.wakeAt);
    worker.prove(700_000);
    expect(worker.machine).toMatchObject({ verifying: undefined, verifiedAt: 700_000, state: { state: 'active' } });
    expect(worker.wakeAt).toBeGreaterThan(800_000);
  });

  test('keeps the name of the ID token when the backend names none, and not that of another person', () => {
    const worker = createWorker();
    const verified = (user: { sub: string; name?: string }): unknown => {
      worker.dispatch({ type: 'nudge', cause: 'user' }, 0);
      worker.dispatch({ type: 'verified', call: worker.verifications.at(-1) ?? 0, user }, 0);
      const { state } = worker.machine;
      return 'session' in state ? state.session.user : undefined;
    };
    worker.prove(0);
    expect(verified({ sub: 'demo' })).toEqual(USER);
    expect(verified({ sub: 'demo', name: 'Demo the Second' })).toEqual({ sub: 'demo', name: 'Demo the Second' });
    expect(verified({ sub: 'eve' })).toEqual({ sub: 'eve' });
  });

  test('checks at once when a nudge arrives', () => {
    const worker = createWorker();
    worker.fail(0);
    worker.dispatch({ type: 'nudge', cause: 'online' }, 1);
    expect(worker.verifications.length).toBe(2);
  });

  test('starts again with the shortest pause when the browser reports that it is online', () => {
    const worker = createWorker();
    failUntil(worker, 600_000);
    worker.dispatch({ type: 'nudge', cause: 'online' }, 650_000);
    worker.fail(650_001);
    expect(worker.wakeAt).toBeGreaterThan(650_001);
    expect(worker.wakeAt).toBeLessThanOrEqual(650_001 + 2 * VERIFY_BACKOFF.baseMs);
  });

  test('detects a machine that gives up after the first failed check', () => {
    const forgetful: typeof stepSession = (machine, event, at, policy) => {
      const step = stepSession(machine, event, at, policy);
      return event.type === 'verify-failed' ? { ...step, machine: { ...step.machine, verifying: undefined } } : step;
    };
    const worker = createWorker(forgetful);
    failUntil(worker, 600_000);
    expect(worker.verifications.length).toBe(1);
  });
});

describe('a page that loads', () => {
  test('needs one check when its document was requested before it arrived', () => {
    const worker = createWorker();
    worker.prove(10);
    worker.dispatch({ type: 'tab-expected' }, 1_000);
    expect(worker.verifications.length).toBe(2);
    worker.dispatch({ type: 'tab-arrived', expectedAt: 1_000 }, 1_050);
    worker.prove(1_060);
    worker.dispatch({ type: 'tab-arrived', expectedAt: 1_000 }, 1_070);
    expect(worker.verifications.length).toBe(2);
    expect(worker.machine).toMatchObject({ verifying: undefined, verifiedAt: 1_060 });
  });

  test('shares the check of a worker that starts for its document', () => {
    const worker = createWorker(stepSession, [{ type: 'tab-expected' }]);
    expect(worker.verifications.length).toBe(1);
    worker.dispatch({ type: 'tab-arrived', expectedAt: 0 }, 50);
    worker.prove(60);
    expect(worker.verifications.length).toBe(1);
  });

  test.each([
    ['no document was requested', undefined, 2],
    ['its document was requested long ago', 1_000, 3],
    ['the clock was set back since then', 100_000, 3],
  ])('needs a check of its own when %s', (_, expectedAt, count) => {
    const worker = createWorker();
    worker.prove(10);
    if (expectedAt !== undefined) {
      worker.dispatch({ type: 'tab-expected' }, expectedAt);
      worker.prove(expectedAt + 10);
    }
    worker.dispatch({ type: 'tab-arrived', expectedAt }, 1_000 + SESSION_POLICY.tabExpectedMs);
    expect(worker.verifications.length).toBe(count);
  });

  test('needs a check of its own when the one for its document has failed', () => {
    const worker = createWorker();
    worker.prove(10);
    worker.dispatch({ type: 'tab-expected' }, 1_000);
    worker.fail(1_010);
    worker.dispatch({ type: 'tab-arrived', expectedAt: 1_000 }, 1_050);
    expect(worker.verifications.length).toBe(3);
  });

  test('needs a check of its own when the last one was for another document', () => {
    const worker = createWorker();
    worker.prove(10);
    worker.dispatch({ type: 'tab-expected' }, 1_000);
    worker.dispatch({ type: 'tab-arrived', expectedAt: 1_000 }, 1_050);
    worker.prove(1_060);
    worker.dispatch({ type: 'tab-arrived' }, 2_000);
    expect(worker.verifications.length).toBe(3);
  });
});

const EXPIRED: SessionRecord = {
  state: 'signed-in',
  session: { kind: 'password', generation: 7, startedAt: -900_000, tokens: { refresh: 'rt', access: undefined } },
};

describe('a check that waits for a refresh', () => {
  const refresh = (worker: Worker): void => {
    worker.dispatch({ type: 'locked', call: worker.lastCall, saved: EXPIRED }, 0);
    worker.dispatch({ type: 'saved', call: worker.lastCall }, 0);
    const access = { value: 'next', scheme: 'Bearer', issuedAt: 0, expiresAt: 900_000 } as const;
    worker.dispatch({ type: 'granted', call: worker.lastCall, grant: { access, refresh: 'rt2' } }, 0);
    worker.dispatch({ type: 'saved', call: worker.lastCall }, 0);
  };

  test('is a proof when the backend answered the new token', () => {
    const worker = createWorker(stepSession, [], EXPIRED);
    refresh(worker);
    worker.dispatch({ type: 'verified', call: worker.verifications.at(-1) ?? 0, user: USER, generation: 8 }, 50);
    expect(worker.machine).toMatchObject({ verifying: undefined, verifiedAt: 50, provenGeneration: 8 });
    expect(worker.verifications.length).toBe(1);
  });

  test.each([7, undefined])('is repeated when the backend answered the token of generation %s', (generation) => {
    const worker = createWorker(stepSession, [], EXPIRED);
    refresh(worker);
    worker.dispatch({ type: 'verified', call: worker.verifications.at(-1) ?? 0, user: USER, generation }, 50);
    expect(worker.machine.verifiedAt).toBeUndefined();
    expect(worker.verifications.length).toBe(2);
  });

  test('is repeated for a page that arrived meanwhile', () => {
    const worker = createWorker(stepSession, [], EXPIRED);
    refresh(worker);
    worker.dispatch({ type: 'nudge', cause: 'user' }, 40);
    worker.dispatch({ type: 'verified', call: worker.verifications.at(-1) ?? 0, user: USER, generation: 8 }, 50);
    expect(worker.machine.verifiedAt).toBe(50);
    expect(worker.verifications.length).toBe(2);
  });
});
