import { describe, expect, test } from 'vitest';
import { initialMachine, stepSession } from '../../../src/core/session/session.ts';
import {
  SESSION_POLICY,
  type SessionMachine,
  type SessionRecord,
  type SessionEffect,
  type SessionEvent,
} from '../../../src/core/session/session-types.ts';
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

/** A worker that has just read its session from the disk, and so has asked the backend about it. */
const createWorker = (step = stepSession) => {
  let machine: SessionMachine = initialMachine;
  let effects: readonly SessionEffect[] = [];
  const asked: number[] = [];
  const tell = (event: SessionEvent, now: number): void => {
    ({ machine, effects } = step(machine, event, { now, chance: 0.5 }, SESSION_POLICY));
    for (const effect of effects) if (effect.type === 'verify') asked.push(effect.call);
  };
  tell({ type: 'started' }, 0);
  tell({ type: 'loaded', call: 1, saved: SAVED }, 0);
  return {
    asked,
    tell,
    fail: (now: number) => tell({ type: 'verify-failed', call: asked.at(-1) ?? 0, problem: NO_NETWORK }, now),
    prove: (now: number) => tell({ type: 'verified', call: asked.at(-1) ?? 0, user: USER }, now),
    get wakeAt() {
      return wakeAt(machine, SESSION_POLICY);
    },
    get machine() {
      return machine;
    },
  };
};

type Worker = ReturnType<typeof createWorker>;

/** Lets it wake by itself, and every answer fail, until `until`. */
const failUntil = (worker: Worker, until: number): void => {
  let now = 0;
  worker.fail(now);
  while (worker.wakeAt < until) {
    now = worker.wakeAt;
    const before = worker.asked.length;
    worker.tell({ type: 'tick' }, now);
    if (worker.asked.length > before) worker.fail(now);
    else break;
  }
};

describe('the proof by the backend', () => {
  test('is asked for again by itself, less and less often, until it comes', () => {
    const worker = createWorker();
    failUntil(worker, 600_000);
    expect(worker.asked.length).toBeGreaterThan(10);
    expect(worker.asked.length).toBeLessThan(40);
    worker.tell({ type: 'tick' }, worker.wakeAt);
    worker.prove(700_000);
    expect(worker.machine).toMatchObject({ verifying: undefined, verifiedAt: 700_000, state: { state: 'active' } });
    expect(worker.wakeAt).toBeGreaterThan(800_000);
  });

  test('that a nudge asks for does not wait for its turn', () => {
    const worker = createWorker();
    worker.fail(0);
    worker.tell({ type: 'nudge', cause: 'online' }, 1);
    expect(worker.asked.length).toBe(2);
  });

  test('is waited for as briefly as the first time once the network is said to be back', () => {
    const worker = createWorker();
    failUntil(worker, 600_000);
    worker.tell({ type: 'nudge', cause: 'online' }, 650_000);
    worker.fail(650_001);
    expect(worker.wakeAt).toBeLessThanOrEqual(650_001 + 2 * SESSION_POLICY.verifyRetryBaseMs);
  });

  test('a machine that gives up after the first failure would be noticed', () => {
    const forgetful: typeof stepSession = (machine, event, at, policy) => {
      const step = stepSession(machine, event, at, policy);
      return event.type === 'verify-failed' ? { ...step, machine: { ...step.machine, verifying: undefined } } : step;
    };
    const worker = createWorker(forgetful);
    failUntil(worker, 600_000);
    expect(worker.asked.length).toBe(1);
  });
});
