import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { QUIET_INTERVAL_MS, QUIET_WINDOW_MS } from '../../src/protocol/takeover-timing.ts';
import { createStopTiming, type StopTiming } from '../../sw/updates/stop-timing.ts';

const FOR_MS = 5_000;

let active: { state: ServiceWorkerState };
const create = (wasRestarted = false): StopTiming =>
  createStopTiming(wasRestarted, { active: active as ServiceWorker });

/** Lets the timing hold an event. `releasedAt`: when it let the event end. */
const hold = (timing: StopTiming, ms = FOR_MS): { readonly releasedAt: number | undefined } => {
  const seen: { releasedAt: number | undefined } = { releasedAt: undefined };
  timing.hold({ waitUntil: (work) => void work.then(() => (seen.releasedAt = Date.now())) }, ms);
  return seen;
};

/** Starts a request, and returns a function that ends it. */
const request = (timing: StopTiming): (() => void) => {
  let end = (): void => undefined;
  const handled = new Promise<undefined>((resolve) => (end = () => resolve(undefined)));
  timing.trackRequest({ handled });
  return end;
};

const releasedWithin = async (
  seen: { readonly releasedAt: number | undefined },
  ms: number,
): Promise<number | undefined> => {
  await vi.advanceTimersByTimeAsync(ms);
  return seen.releasedAt;
};

beforeEach(() => {
  active = { state: 'activated' };
  vi.useFakeTimers({ now: 10 * QUIET_INTERVAL_MS + QUIET_WINDOW_MS });
});
afterEach(() => vi.useRealTimers());

describe('an active worker that a waiting one replaces', () => {
  test('stops within a quiet window of its pages', async () => {
    const at = await releasedWithin(hold(create()), QUIET_INTERVAL_MS);
    expect(at).toBeGreaterThanOrEqual(11 * QUIET_INTERVAL_MS);
    expect(at).toBeLessThan(11 * QUIET_INTERVAL_MS + QUIET_WINDOW_MS);
  });

  test('waits for a request that outlasts a quiet window', async () => {
    const timing = create();
    const end = request(timing);
    const seen = hold(timing);
    expect(await releasedWithin(seen, QUIET_INTERVAL_MS * 2)).toBeUndefined();
    end();
    expect(await releasedWithin(seen, QUIET_WINDOW_MS - 10)).toBeUndefined();
    expect(await releasedWithin(seen, QUIET_INTERVAL_MS)).toBeGreaterThanOrEqual(13 * QUIET_INTERVAL_MS);
  });

  test('waits for its own activation', async () => {
    active.state = 'activating';
    const seen = hold(create());
    expect(await releasedWithin(seen, 3 * QUIET_INTERVAL_MS)).toBeUndefined();
    active.state = 'activated';
    expect(await releasedWithin(seen, QUIET_INTERVAL_MS)).toBeDefined();
  });

  test('waits one more interval, for the update check of a page, when it was restarted', async () => {
    const seen = hold(create(true));
    expect(await releasedWithin(seen, QUIET_INTERVAL_MS)).toBeUndefined();
    expect(await releasedWithin(seen, QUIET_INTERVAL_MS)).toBeDefined();
  });

  test('stops at the deadline when a request is still pending', async () => {
    const timing = create();
    request(timing);
    const seen = hold(timing, 1_000);
    expect(await releasedWithin(seen, 990)).toBeUndefined();
    expect(await releasedWithin(seen, 20)).toBeDefined();
  });
});
