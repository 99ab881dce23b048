import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { QUIET_INTERVAL_MS, QUIET_WINDOW_MS } from '../../src/protocol/takeover-timing.ts';
import { createTakeoverTiming, type TakeoverTiming } from '../../sw/updates/takeover-timing.ts';

const FOR_MS = 5_000;

let active: { state: ServiceWorkerState };
const open = (startedAnew = false): TakeoverTiming =>
  createTakeoverTiming(startedAnew, { active: active as ServiceWorker });

/** What a room does with an event: how long it keeps it open, if it has let it go. */
const makeRoom = (room: TakeoverTiming, ms = FOR_MS): { readonly letGoAt: number | undefined } => {
  const seen: { letGoAt: number | undefined } = { letGoAt: undefined };
  room.hold({ waitUntil: (work) => void work.then(() => (seen.letGoAt = Date.now())) }, ms);
  return seen;
};

/** A request that is under way until its end is called. */
const request = (room: TakeoverTiming): (() => void) => {
  let end = (): void => undefined;
  const handled = new Promise<undefined>((resolve) => (end = () => resolve(undefined)));
  room.trackRequest({ handled });
  return end;
};

const letGoWithin = async (seen: { readonly letGoAt: number | undefined }, ms: number): Promise<number | undefined> => {
  await vi.advanceTimersByTimeAsync(ms);
  return seen.letGoAt;
};

beforeEach(() => {
  active = { state: 'activated' };
  vi.useFakeTimers({ now: 10 * QUIET_INTERVAL_MS + QUIET_WINDOW_MS });
});
afterEach(() => vi.useRealTimers());

describe('the moment at which an old worker comes to rest', () => {
  test('is one at which its pages hold still', async () => {
    const at = await letGoWithin(makeRoom(open()), QUIET_INTERVAL_MS);
    expect(at).toBeGreaterThanOrEqual(11 * QUIET_INTERVAL_MS);
    expect(at).toBeLessThan(11 * QUIET_INTERVAL_MS + QUIET_WINDOW_MS);
  });

  test('waits for a request, be it longer than they do', async () => {
    const room = open();
    const end = request(room);
    const seen = makeRoom(room);
    expect(await letGoWithin(seen, QUIET_INTERVAL_MS * 2)).toBeUndefined();
    end();
    expect(await letGoWithin(seen, QUIET_WINDOW_MS - 10)).toBeUndefined();
    expect(await letGoWithin(seen, QUIET_INTERVAL_MS)).toBeGreaterThanOrEqual(13 * QUIET_INTERVAL_MS);
  });

  test('waits for its own activation', async () => {
    active.state = 'activating';
    const seen = makeRoom(open());
    expect(await letGoWithin(seen, 3 * QUIET_INTERVAL_MS)).toBeUndefined();
    active.state = 'activated';
    expect(await letGoWithin(seen, QUIET_INTERVAL_MS)).toBeDefined();
  });

  test('comes a beat later to one that was started anew, which has to be asked first', async () => {
    const seen = makeRoom(open(true));
    expect(await letGoWithin(seen, QUIET_INTERVAL_MS)).toBeUndefined();
    expect(await letGoWithin(seen, QUIET_INTERVAL_MS)).toBeDefined();
  });

  test('comes in the end, whatever is under way', async () => {
    const room = open();
    request(room);
    const seen = makeRoom(room, 1_000);
    expect(await letGoWithin(seen, 990)).toBeUndefined();
    expect(await letGoWithin(seen, 20)).toBeDefined();
  });
});
