import { PROBLEM } from './problem-codes.ts';
import { number, object, string, union, unknown, type Infer } from './schema/schema.ts';
import { array, boolean, oneOf, optional, record, withDefault } from './schema/schema-types.ts';

/** The sign-in methods of the product. */
export const SIGN_IN_KIND = oneOf('oidc', 'password', 'ticket');
export type SignInKind = Infer<typeof SIGN_IN_KIND>;

/** `claims`: those that the configuration lists, as the backend's `whoami` has them. They decide what a page shows. */
export const USER = object({ sub: string, name: optional(string), claims: optional(record(unknown)) });
export type User = Infer<typeof USER>;

/** Why no one is signed in: no sign-in yet, a sign-out, a token that the server rejected, or the end of the lifetime. */
export const SIGNED_OUT_REASON = oneOf('never', 'user', 'rejected', 'expired');
export type SignedOutReason = Infer<typeof SIGNED_OUT_REASON>;

/**
 * `compatible`: tokens are encrypted on disk. `bound`: DPoP too. `sealed`: a secret too, which only the worker has.
 * `device-bound`: a cookie that only this device can renew, as the backend's last status said. `vault`: `sealed`, on another
 * origin than this page.
 */
export const TIER = oneOf('compatible', 'bound', 'sealed', 'device-bound', 'vault');
export type Tier = Infer<typeof TIER>;

/** What a page may know of a session. Times are milliseconds since the Unix epoch by the clock of this device. */
const SESSION_FACTS = {
  kind: SIGN_IN_KIND,
  user: optional(USER),
  /** Absent for the `ticket` kind, which holds no token. */
  accessExpiresAt: optional(number),
  accessIssuedAt: optional(number),
  /** When the last sign-in completed. A renewal does not change it. Absent: the worker is of a former build. */
  signedInAt: optional(number),
  /** When the app's backend last named this session's user. */
  verifiedAt: optional(number),
  /** End of the session's absolute lifetime, where the server declares one. */
  endsAt: optional(number),
  /** Why the last sign-in over this session failed. */
  signInProblem: optional(PROBLEM),
  /** The provider has answered a sign-in over this session, and the worker is redeeming the answer. */
  signingIn: optional(boolean),
};

const FAILURE = { nextTryAt: number, attempt: number, problem: PROBLEM };

/** The session as a page sees it. Every state but `starting` and `signed-out` means that a user is signed in. */
export const SESSION_VIEW = union('state', {
  /** Reading the disk, or finishing a sign-in. Nothing is known yet: show neither app nor login page. */
  starting: {},
  /** `problem`: the app's backend refuses the tokens, although the provider renews them. */
  active: { problem: optional(PROBLEM), ...SESSION_FACTS },
  /** `problem`: the failure of the attempt before. Trying is not success, so it stays until a grant arrives. */
  refreshing: { problem: optional(PROBLEM), attempt: optional(number), ...SESSION_FACTS },
  /** Cannot refresh now. The tokens are kept, and the time of the next try is known. */
  degraded: { ...FAILURE, ...SESSION_FACTS },
  /** The provider renews only with the person. The tokens are kept: offer a sign-in over the page. */
  'sign-in-required': { ...FAILURE, ...SESSION_FACTS },
  /** `problem`: the newest one. `endedBy`: the evidence of the end, which a failed sign-in since then does not replace. */
  'signed-out': {
    reason: SIGNED_OUT_REASON,
    kind: optional(SIGN_IN_KIND),
    problem: optional(PROBLEM),
    endedBy: optional(PROBLEM),
    signInProblem: optional(PROBLEM),
  },
});
export type SessionView = Infer<typeof SESSION_VIEW>;

/** A socket as a page sees it. Times are ms since the Unix epoch; the counters start at 0 with each worker. */
export const SOCKET_VIEW = object({
  state: oneOf('parked', 'ticketing', 'dialling', 'open', 'resting', 'stopped'),
  since: number,
  nextTryAt: optional(number),
  roundTripMs: optional(number),
  sent: number,
  received: number,
  /** Times the stream went on where it had stopped. */
  resumed: number,
  /** Frames that the server's history no longer held. */
  lost: number,
  problem: optional(PROBLEM),
});
export type SocketView = Infer<typeof SOCKET_VIEW>;
export type SocketStateName = SocketView['state'];

/** What a session was kept through since `since` (ms since the Unix epoch). It survives worker restarts: it is on disk. */
export const CONTINUITY = object({
  since: number,
  reloads: withDefault(number, 0),
  workerRestarts: withDefault(number, 0),
  networkLosses: withDefault(number, 0),
  refreshes: withDefault(number, 0),
});
export type Continuity = Infer<typeof CONTINUITY>;

/** What a page may know. Never a token, a ticket, a nonce or a key. */
export const SNAPSHOT = object({
  protocol: number,
  /** Identity of the build that made the worker script, to offer "new version ready". */
  build: string,
  worker: object({ id: string, startedAt: number, host: oneOf('service-worker', 'page') }),
  durability: oneOf('disk', 'memory'),
  tier: TIER,
  /** The sign-in kinds this deployment offers, in the order to show them. */
  signInKinds: array(SIGN_IN_KIND),
  online: boolean,
  session: SESSION_VIEW,
  /** The name of this session, where the origin has several. Absent: the first one. */
  sessionName: optional(string),
  /** Whether the origin may have several sessions (`sessions` of the configuration). */
  severalSessions: optional(boolean),
  /** By URL as configured, for example `/api/socket`. */
  sockets: record(SOCKET_VIEW),
  tabs: number,
  kept: CONTINUITY,
});
export type Snapshot = Infer<typeof SNAPSHOT>;
