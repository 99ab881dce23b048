import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createRefreshLock, holdLivenessLock } from '../../src/host/runtime/locks.ts';
import type { DeploymentName } from '../../src/host/runtime/deployment-name.ts';

/* Node has Web Locks since version 24, so a small queue stands for them. It can refuse a lock, as Chromium does. */

type Locks = LockManager & { asked: string[] };

/** Refuses the first `refusals` requests with the error of Chromium, then grants one at a time. */
const createLocks = (refusals = 0): Locks => {
  const asked: string[] = [];
  let last: Promise<void> = Promise.resolve();
  const request = (name: string, { signal }: LockOptions, hold: () => Promise<void>): Promise<void> => {
    asked.push(name);
    if (asked.length <= refusals) return Promise.reject(new Error('The provided callback is no longer runnable.'));
    const granted = last.then(() => {
      if (signal?.aborted) throw new DOMException('aborted', 'AbortError');
      return hold();
    });
    last = granted.catch(() => undefined);
    return granted;
  };
  return { asked, request } as unknown as Locks;
};

const NAME: DeploymentName = { name: '' };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('requests the refresh lock again when the browser refuses it', async () => {
  const locks = createLocks(2);
  const onHeld = vi.fn<() => void>();
  createRefreshLock(locks, NAME).take(onHeld);
  await vi.advanceTimersByTimeAsync(100);
  expect(locks.asked).toHaveLength(3);
  expect(onHeld).toHaveBeenCalledOnce();
});

test('refreshes without the lock when the browser never gives it', async () => {
  const locks = createLocks(Infinity);
  const onHeld = vi.fn<() => void>();
  createRefreshLock(locks, NAME).take(onHeld);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(locks.asked).toHaveLength(5);
  expect(onHeld).toHaveBeenCalledOnce();
});

test('does not request the lock again after it was given up', async () => {
  const locks = createLocks(Infinity);
  const onHeld = vi.fn<() => void>();
  const lock = createRefreshLock(locks, NAME);
  lock.take(onHeld);
  lock.release();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(locks.asked).toHaveLength(1);
  expect(onHeld).not.toHaveBeenCalled();
});

test('holds the lock until it is released, and only once', async () => {
  const locks = createLocks();
  const [first, second] = [createRefreshLock(locks, NAME), createRefreshLock(locks, NAME)];
  const order: string[] = [];
  first.take(() => void order.push('first'));
  second.take(() => void order.push('second'));
  await vi.advanceTimersByTimeAsync(10_000);
  expect(order).toEqual(['first']);
  first.release();
  await vi.advanceTimersByTimeAsync(0);
  expect(order).toEqual(['first', 'second']);
});

test('names the liveness lock once it is held', async () => {
  const locks = createLocks(1);
  const held = holdLivenessLock(locks, 'w1');
  await vi.advanceTimersByTimeAsync(100);
  expect(await held).toBe('session-keeper:life:w1');
});

test.for([
  ['without locks', undefined],
  ['when the browser never gives the lock', createLocks(Infinity)],
] as const)('names no liveness lock %s', async ([, locks]) => {
  const held = holdLivenessLock(locks, 'w1');
  await vi.advanceTimersByTimeAsync(5_000);
  expect(await held).toBe('');
});
