import { afterAll, vi } from 'vitest';

/* Test files that share a worker share its globals. What a file replaced, it puts back. */

afterAll(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  vi.useRealTimers();
});
