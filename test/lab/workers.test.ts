import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Debugger, DebuggerEvent } from '../../lab/browser/debugger.ts';
import { followWorkers } from '../../lab/browser/workers.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const LONG_MS = 60_000;

test('does not wait for good for a worker that ends before it answers', async () => {
  const listeners: ((event: DebuggerEvent) => void)[] = [];
  const browser = {
    command: (method: string) => (method === 'Runtime.evaluate' ? new Promise(() => undefined) : Promise.resolve({})),
    onEvent: (listener: (event: DebuggerEvent) => void) => void listeners.push(listener),
  } as unknown as Debugger;
  const workers = await followWorkers(browser);
  const attached = {
    method: 'Target.attachedToTarget',
    params: { sessionId: 'a', targetInfo: {} },
    session: undefined,
  };
  for (const listener of listeners) listener(attached);
  let isDone = false;
  void workers.setClock(1).then(() => {
    isDone = true;
  });
  await vi.advanceTimersByTimeAsync(LONG_MS);
  expect(isDone).toBe(true);
});
