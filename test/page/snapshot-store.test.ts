import { describe, expect, test, vi } from 'vitest';
import { createSnapshotStore, startingSnapshot } from '../../src/page/connection/snapshot-store.ts';

const starting = startingSnapshot('service-worker', true);

describe('the snapshot store', () => {
  test('calls a subscriber with the current snapshot and with each change', () => {
    const store = createSnapshotStore(starting);
    const received: string[] = [];
    const unsubscribe = store.subscribe(({ session }) => received.push(session.state));
    store.set({ ...starting, session: { state: 'signed-out', reason: 'never' } });
    unsubscribe();
    store.set({ ...starting, session: { state: 'active', kind: 'password' } });
    expect(received).toEqual(['starting', 'signed-out']);
    expect(store.get().session.state).toBe('active');
  });

  test('keeps the very same snapshot when nothing has changed', () => {
    const store = createSnapshotStore(starting);
    const listener = vi.fn<() => void>();
    store.subscribe(listener);
    store.set(structuredClone(starting));
    expect(listener).toHaveBeenCalledTimes(1);
    expect(store.get()).toBe(starting);
  });

  test("reports a listener's error, and still calls the next listener", async () => {
    const store = createSnapshotStore(starting);
    const received: number[] = [];
    const errors: unknown[] = [];
    const listeners = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    const reported = new Promise<void>((resolve) => {
      process.once('uncaughtException', (error) => {
        errors.push(error);
        resolve();
      });
    });
    store.subscribe(({ tabs }) => {
      if (tabs === 2) throw new Error('mine');
    });
    store.subscribe(({ tabs }) => received.push(tabs));
    store.set({ ...starting, tabs: 2 });
    await reported;
    for (const listener of listeners) process.on('uncaughtException', listener);
    expect(received).toEqual([1, 2]);
    expect(errors).toEqual([new Error('mine')]);
  });
});
