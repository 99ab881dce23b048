import { isObject, stringAt } from './schema/json.ts';
import type { PROBLEM } from './problem-codes.ts';
import type { Infer } from './schema/schema.ts';

/** What can go wrong, as data: problem-codes.ts has the list. */
export type Problem = Infer<typeof PROBLEM>;
export type ProblemCode = Problem['code'];

/** A value, or the reason why there is none. Calls between a page and the worker do not throw. */
export type Result<T> = { ok: true; value: T } | { ok: false; problem: Problem };

export const ok = <T>(value: T): Result<T> => ({ ok: true, value });
export const failed = <T = never>(problem: Problem): Result<T> => ({ ok: false, problem });

/** As `ANY_PROBLEM`, for code that looks at a problem alone. */
export const isProblem = (value: unknown): value is Problem => isObject(value) && stringAt(value, 'code') !== undefined;

/** The pause a server asked for, if this problem carries one. */
export const retryAfterOf = (problem: Problem): number | undefined =>
  'retryAfterMs' in problem ? problem.retryAfterMs : undefined;
