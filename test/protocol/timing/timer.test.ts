import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startTimer, withDeadline } from '../../../src/protocol/timing/timer.ts';

const DAY_MS = 86_400_000;

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test.each([-1, 0, 1, 2 ** 31 - 1, 2 ** 31, 60 * DAY_MS])('runs once after %d ms', (ms) => {
  const run = vi.fn<() => void>();
  startTimer(run, ms);
  vi.advanceTimersByTime(Math.max(0, ms - 1));
  expect(run).toHaveBeenCalledTimes(ms > 0 ? 0 : 1);
  vi.advanceTimersByTime(1);
  expect(run).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(90 * DAY_MS);
  expect(run).toHaveBeenCalledTimes(1);
});

test('never runs after it is cancelled, however long its delay', () => {
  const run = vi.fn<() => void>();
  const cancel = startTimer(run, 60 * DAY_MS);
  vi.advanceTimersByTime(40 * DAY_MS);
  cancel();
  vi.advanceTimersByTime(90 * DAY_MS);
  expect(run).not.toHaveBeenCalled();
});

test('gives up a promise after the deadline, even with a deadline beyond 2^31 ms', async () => {
  const never = new Promise<string>(() => {});
  const answer = vi.fn<(value: string) => void>();
  void withDeadline(never, 60 * DAY_MS, 'late').then(answer);
  await vi.advanceTimersByTimeAsync(60 * DAY_MS - 1);
  expect(answer).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(answer).toHaveBeenCalledWith('late');
});

test('leaves no timer behind when the promise settles first', async () => {
  await expect(withDeadline(Promise.resolve('done'), 60 * DAY_MS, 'late')).resolves.toBe('done');
  await expect(withDeadline(Promise.reject(new Error('no')), 60 * DAY_MS, 'late')).rejects.toThrow('no');
  expect(vi.getTimerCount()).toBe(0);
});
