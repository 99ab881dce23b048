import { expect, test } from 'vitest';
import { isRefusal, refusalPause } from '../../src/core/refusal.ts';
import { SESSION_POLICY } from '../../src/core/session-policy.ts';
import type { Problem } from '../../src/protocol/problem.ts';

const AT = { at: '/token' };
const answered = (status: number): Problem => ({ code: 'server-unavailable', ...AT, status });

test.each<[Problem, boolean]>([
  [{ code: 'refresh-refused', ...AT, status: 400 }, true],
  [answered(404), true],
  [answered(499), true],
  [answered(408), false],
  [answered(425), false],
  [answered(500), false],
  [answered(503), false],
  [{ code: 'rate-limited', ...AT, status: 429 }, false],
  [{ code: 'network-unreachable', ...AT }, false],
  [{ code: 'timeout', ...AT }, false],
])('%j is a refusal: %j', (problem, expected) => expect(isRefusal(problem)).toBe(expected));

test('pauses twice as long after the second refusal as after later ones, and not after the first or an outage', () => {
  const pauses = (problem: Problem): number[] =>
    [1, 2, 3, 4].map((attempt) => refusalPause(problem, attempt, { ...SESSION_POLICY, refusalRetryMs: 30_000 }));
  expect(pauses(answered(404))).toEqual([0, 60_000, 30_000, 30_000]);
  expect(pauses(answered(503))).toEqual([0, 0, 0, 0]);
});
