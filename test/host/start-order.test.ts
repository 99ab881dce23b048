import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { systemClock } from '../../src/host/runtime/clock.ts';
import { createStartOrder, type StartOrder } from '../../src/host/runtime/start-order.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Whether work in the background has begun, so many ms later. */
const hasBegunAfter = async ({ background }: StartOrder, ms: number): Promise<boolean> => {
  let begun = false;
  void background.then(() => (begun = true));
  await vi.advanceTimersByTimeAsync(ms);
  return begun;
};

test('begins work in the background after the first proof', async () => {
  const order = createStartOrder(systemClock);
  expect(await hasBegunAfter(order, 200)).toBe(false);
  order.proved();
  expect(await hasBegunAfter(order, 29)).toBe(false);
  expect(await hasBegunAfter(order, 1)).toBe(true);
});

test('begins no work in the background while a page loads that will connect', async () => {
  const order = createStartOrder(systemClock);
  order.expectsPage();
  order.proved();
  expect(await hasBegunAfter(order, 500)).toBe(false);
  order.connected();
  expect(await hasBegunAfter(order, 30)).toBe(true);
});

test('begins it after a second where the page never connects, and where there is no proof', async () => {
  const [expecting, unproved] = [createStartOrder(systemClock), createStartOrder(systemClock)];
  expecting.expectsPage();
  expecting.proved();
  unproved.connected();
  expect(await hasBegunAfter(expecting, 999)).toBe(false);
  expect(await hasBegunAfter(expecting, 1)).toBe(true);
  expect(await hasBegunAfter(unproved, 0)).toBe(true);
});
