import { describe, expect, test, vi } from 'vitest';
import { createSnapshotStore, startingSnapshot } from '../../src/page/connection/snapshot-store.ts';

const starting = startingSnapshot('service-worker', true);

describe('the snapshot store', () => {
  test('tells a subscriber what is, and then what changes', () => {
    const store = createSnapshotStore(starting);
    const told: string[] = [];
    const unsubscribe = store.subscribe(({ session }) => told.push(session.state));
    store.set({ ...starting, session: { state: 'signed-out', reason: 'never' } });
    unsubscribe();
    store.set({ ...starting, session: { state: 'active', kind: 'password' } });
    expect(told).toEqual(['starting', 'signed-out']);
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

  test("a listener's mistake is heard of, and does not reach the next listener", async () => {
    const store = createSnapshotStore(starting);
    const told: number[] = [];
    const mistakes: unknown[] = [];
    const listeners = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    const heard = new Promise<void>((resolve) => {
      process.once('uncaughtException', (error) => {
        mistakes.push(error);
        resolve();
      });
    });
    store.subscribe(({ tabs }) => {
      if (tabs === 2) throw new Error('mine');
    });
    store.subscribe(({ tabs }) => told.push(tabs));
    store.set({ ...starting, tabs: 2 });
    await heard;
    for (const listener of listeners) process.on('uncaughtException', listener);
    expect(told).toEqual([1, 2]);
    expect(mistakes).toEqual([new Error('mine')]);
  });
});
