import type { IncomingMessage } from 'node:http';
import { expect, test, vi } from 'vitest';
import { createRequestLog } from '../../../server/auth/request-log.ts';

const LIMIT = 5_000;

test('keeps the last five thousand requests, and copies them rarely', () => {
  const log = createRequestLog({
    // @ts-expect-error only this method matters here
    cookieSessions: { isPresent: () => false },
    now: () => 0,
    enabled: true,
  });
  // @ts-expect-error a request has more
  const request: IncomingMessage = { method: 'GET', url: '/', headers: {} };
  const slice = vi.spyOn(Array.prototype, 'slice');
  for (let n = 0; n < 4 * LIMIT; n += 1) log.record(request, { status: 200, whole: true, bodyBytes: 0 });
  const copies = slice.mock.contexts.filter((list) => Array.isArray(list) && list.length >= LIMIT).length;
  slice.mockRestore();
  expect(copies).toBeLessThan(5);
  const entries = log.entries();
  expect([entries.length, entries[0]?.id, entries.at(-1)?.id]).toEqual([LIMIT, 3 * LIMIT + 1, 4 * LIMIT]);
});
