import { looseObject, number, string, union, type Infer, type Schema } from './schema/schema.ts';
import { boolean, optional } from './schema/schema-types.ts';

/**
 * Everything that can go wrong, as plain data with a stable code. Nothing is thrown between a page and the worker.
 * `at` names the endpoint (a path or origin + path, never a query string); `status` is the HTTP status;
 * `retryAfterMs` is the pause that the server asked for. The interface makes the words for people.
 */
export const PROBLEM = union('code', {
  /** No answer at all: offline, DNS, reset, refused. `offline`: the browser said so when the request failed. */
  'network-unreachable': { at: string, offline: optional(boolean) },
  /** An answer did not come within its deadline. */
  timeout: { at: string },
  /** 5xx, `temporarily_unavailable`, or an error status that proves nothing about the session. */
  'server-unavailable': { at: string, status: number, retryAfterMs: optional(number) },
  /** 429 or `slow_down`. */
  'rate-limited': { at: string, status: number, retryAfterMs: optional(number) },
  /** An answer of another kind than the endpoint's: a captive portal's HTML, truncated JSON, a redirect. */
  'unexpected-answer': { at: string, status: number, detail: string },
  /** The token endpoint answered `invalid_grant` (RFC 6749 §5.2) to the current refresh token. */
  'grant-rejected': { at: string, status: number, error: string },
  /** `invalid_grant`, but an earlier answer was lost: the rotated token never reached us. */
  'answer-lost': { at: string, status: number, error: string },
  /** The provider renews the session only with the person: `interaction_required` and its kin, or a code of its own. */
  'sign-in-required': { at: string, status: number, error: optional(string) },
  /** The token endpoint answered 400 or 401 without a reason. Only many of these in a row mean that a person is needed. */
  'refresh-refused': { at: string, status: number, retryAfterMs: optional(number) },
  /** The app's backend refuses tokens that the provider has just issued. */
  'token-refused': { at: string, status: number },
  /** `invalid_client`, `invalid_scope`, no CORS, a wrong address…: the operator has to fix it. `detail` says how. */
  misconfigured: { at: string, detail: string, status: optional(number) },
  /** The session's lifetime, which the server declared, is over. */
  'lifetime-over': { endedAt: number },
  /** Wrong user name, password or API key. */
  'credentials-rejected': { at: string, status: number },
  /** The provider sent the person back with an error (RFC 6749 §4.1.2.1), or with a `state` that no sign-in here has. */
  'sign-in-refused': { error: string },
  'store-unavailable': { detail: string },
  /** A newer version of this worker wrote the database. */
  'store-newer': {},
  'store-full': {},
  /** The page had a session, and the disk has none: someone cleared the browser's data. */
  'store-cleared': {},
  /** A stored record does not open (corrupt, or sealed for another worker). The worker set it aside and did not delete it. */
  'store-unreadable': { detail: string },
  /**
   * The server did not end the tokens of a sign-out, and says that it never will (RFC 7009 §2.2.1). Without a status, it
   * offers no revocation at all.
   */
  'revocation-refused': { at: string, status: optional(number), error: optional(string) },
  'signed-out': {},
  /** The server redirected the request, and the worker does not send the token to the new address. */
  'redirect-refused': { at: string },
  /** A message outside the protocol. */
  'bad-message': { detail: string },
  /** The other side uses an unknown protocol version. Reload the page. */
  unsupported: { detail: string },
  /** More than a bound allows: a queue, a frame, a message rate. `detail` names the bound, and `max` is its number. */
  'over-limit': { detail: string, max: optional(number) },
  /** No worker answered and none could be started. */
  'no-worker': { detail: string },
  cancelled: {},
});

/** A problem from the other side, whose build may be newer: one with an unknown code is still a problem. */
export const ANY_PROBLEM: Schema<Infer<typeof PROBLEM>> = looseObject({ code: string });
