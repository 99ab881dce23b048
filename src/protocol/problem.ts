import { isObject, stringAt } from './json.ts';

/**
 * Everything that can go wrong, as plain data with a stable code (nothing is thrown across the bridge).
 * `at` names the endpoint (a path or origin + path, never a query string); `status` is the HTTP status;
 * `retryAfterMs` is what the server asked for. Words for people are made by the interface, not here.
 */
export type Problem =
  /** No answer at all: offline, DNS, reset, refused. */
  | { code: 'network-unreachable'; at: string }
  /** An answer did not come within its deadline. */
  | { code: 'timeout'; at: string }
  /** 5xx, `temporarily_unavailable`, or an error status that proves nothing about the session. */
  | { code: 'server-unavailable'; at: string; status: number; retryAfterMs?: number | undefined }
  /** 429 or `slow_down`. */
  | { code: 'rate-limited'; at: string; status: number; retryAfterMs?: number | undefined }
  /** An answer that is not what the endpoint promises: HTML of a captive portal, truncated JSON, a redirect. */
  | { code: 'unexpected-answer'; at: string; status: number; detail: string }
  /** The token endpoint said `invalid_grant` (RFC 6749 §5.2) to the current refresh token. */
  | { code: 'grant-rejected'; at: string; status: number; error: string }
  /** `invalid_grant`, but an earlier answer was lost: the rotated token never reached us. */
  | { code: 'answer-lost'; at: string; status: number; error: string }
  /** `invalid_client`, `invalid_scope`, `unauthorized_client`…: someone has to mend the configuration. */
  | { code: 'misconfigured'; at: string; detail: string }
  /** The lifetime that the server declared for the whole session is over. */
  | { code: 'lifetime-over'; endedAt: number }
  /** Wrong user name, password or API key. */
  | { code: 'credentials-rejected'; at: string; status: number }
  /** The provider sent the person back with an error (RFC 6749 §4.1.2.1), or with a `state` nobody asked for. */
  | { code: 'sign-in-refused'; error: string }
  | { code: 'store-unavailable'; detail: string }
  /** The database was written by a newer version of this worker. */
  | { code: 'store-newer' }
  | { code: 'store-full' }
  /** There was a session in this page, and now nothing on the disk knows of one: the browser's data were cleared. */
  | { code: 'store-cleared' }
  /** A stored record cannot be opened (corrupt, or sealed for another worker). It was set aside, not deleted. */
  | { code: 'store-unreadable'; detail: string }
  | { code: 'signed-out' }
  /** The request was redirected and may not carry its token along. */
  | { code: 'redirect-refused'; at: string }
  /** A message that is not of the protocol. */
  | { code: 'bad-message'; detail: string }
  /** The other side speaks a protocol that this side does not know: reload the page. */
  | { code: 'unsupported'; detail: string }
  /** More than a bound allows: a queue, a frame, a message rate. */
  | { code: 'over-limit'; detail: string }
  /** No worker answered and none could be started. */
  | { code: 'no-worker'; detail: string }
  | { code: 'cancelled' };

export type ProblemCode = Problem['code'];

export type Result<T> = { ok: true; value: T } | { ok: false; problem: Problem };

export const ok = <T>(value: T): Result<T> => ({ ok: true, value });
export const failed = <T = never>(problem: Problem): Result<T> => ({ ok: false, problem });

/** The worker's word is trusted, its version is not: an unknown code is still a Problem for the caller. */
export const isProblem = (value: unknown): value is Problem => isObject(value) && stringAt(value, 'code') !== undefined;

/** The pause a server asked for, if this problem carries one. */
export const retryAfterOf = (problem: Problem): number | undefined =>
  'retryAfterMs' in problem ? problem.retryAfterMs : undefined;
