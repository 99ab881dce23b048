import type { SignInIntent, SignInNext } from '../../protocol/bridge/calls.ts';
import type { Problem, Result } from '../../protocol/problem.ts';
import { number, object, string, type Infer } from '../../protocol/schema/schema.ts';
import { boolean, list, oneOf, optional, record, withDefault } from '../../protocol/schema/schema-types.ts';
import { SIGN_IN_KIND, USER, type SignedOutReason, type SignInKind, type User } from '../../protocol/snapshot.ts';
import type { Step, StepContext } from '../machine.ts';
import type { ResourceState } from '../resource-state.ts';
import type { Challenge } from '../unauthorized-challenge.ts';
import type { SessionPolicy } from '../session-policy.ts';

/** Times are milliseconds since the Unix epoch by this device's clock: expiry is advice, the server's 401 decides. */
const ACCESS_TOKEN = object({
  value: string,
  scheme: oneOf('Bearer', 'DPoP'),
  issuedAt: number,
  expiresAt: number,
  /** The server declared no lifetime, so `expiresAt` ends no session (invariant 2). */
  assumed: optional(boolean),
  /** The generation that this token came with. Absent: that of its session. */
  generation: optional(number),
});
export type AccessToken = Infer<typeof ACCESS_TOKEN>;

const TOKENS = object({
  /** Absent if a response had only a refresh token. */
  access: optional(ACCESS_TOKEN),
  /** Absent if the provider gave none. */
  refresh: optional(string),
  /** Name of the DPoP key that the tokens are bound to (RFC 9449). */
  key: optional(string),
  /** Subject of the sign-in's ID token. */
  subject: optional(string),
  /** The URL that ends the provider's own sign-in. It contains the ID token. */
  endSession: optional(string),
  /** The same, for a sign-out whose revocation the provider refuses. */
  endSessionIfRefused: optional(string),
  /** Name of the site's own sign-in that gave these tokens (`defineSignIn`). */
  method: optional(string),
  /** Access tokens for other resources (RFC 8707), by the name of each. One refresh token gets all of them. */
  resources: optional(record(ACCESS_TOKEN)),
  /** The resource indicators that the sign-in named. The provider grants no other ones (RFC 8707 §2.2). */
  indicators: optional(list(string)),
});
export type Tokens = Infer<typeof TOKENS>;
const NO_TOKENS: Tokens = {};

/** The fields of a session that have the same names in memory and on the disk (session-record.ts). */
export const SESSION_FIELDS = {
  kind: SIGN_IN_KIND,
  /** Grows with each set of tokens, also over sign-ins. The highest one is current. */
  generation: number,
  /** Empty for the `ticket` kind: the browser holds its cookie. */
  tokens: withDefault(TOKENS, NO_TOKENS),
  user: optional(USER),
  startedAt: number,
  /** Absent if the server declares no absolute lifetime. */
  endsAt: optional(number),
};
const SESSION = object({
  ...SESSION_FIELDS,
  /** When a refresh with this refresh token was sent that has no answer yet (write-ahead record). */
  refreshSentAt: optional(number),
});
export type Session = Infer<typeof SESSION>;

/** The record of an ended session has the reason, so that a page can show it after a reload. */
export type SignedOutRecord = {
  state: 'signed-out';
  generation: number;
  reason: SignedOutReason;
  kind?: SignInKind | undefined;
  problem?: Problem | undefined;
};

/** The session record on the disk. */
export type SessionRecord = { state: 'signed-in'; session: Session } | SignedOutRecord;

/** A successful response of a token endpoint, parsed. Without a refresh token, the old one stays. */
export type TokenResponse = {
  access?: AccessToken | undefined;
  refresh?: string | undefined;
  key?: string | undefined;
  subject?: string | undefined;
  endSession?: string | undefined;
  endSessionIfRefused?: string | undefined;
  method?: string | undefined;
  indicators?: readonly string[] | undefined;
  user?: User | undefined;
  endsAt?: number | undefined;
};

export type Waiting = readonly string[];

/** A refresh that failed, and when the next one starts. The tokens are kept. */
export type RefreshFailure = {
  /** How many refreshes have failed in a row. */
  attempt: number;
  failedAt: number;
  nextTryAt: number;
  problem: Problem;
  /** The refusals without a reason in a row, and the time of the first one. */
  refusals?: { count: number; since: number } | undefined;
};

/** `degraded`: the refresh cannot work now. `sign-in-required`: the provider does not renew without the person. */
export type Failed = RefreshFailure & { state: 'degraded' | 'sign-in-required' };

export type SessionState =
  /** `left`: the known end of the last session. The worker reads the disk for a later sign-in. */
  | {
      state: 'starting';
      call: number;
      attempt: number;
      retryAt?: number | undefined;
      waiting: Waiting;
      left?: SignedOutRecord | undefined;
    }
  | (SignedOutRecord & {
      /** When to read an unreadable disk again, because it may have a session. `Infinity` during a read. */
      lookAgainAt?: number | undefined;
    })
  /** A sign-in succeeded. Its session is not on the disk yet. After the write, the `former` sessions are revoked. */
  | {
      state: 'establishing';
      next: Session;
      former: readonly Session[];
      call: number;
      /** The sign-in calls that wait for this session. */
      ids: Waiting;
      waiting: Waiting;
    }
  | { state: 'active'; session: Session }
  | {
      state: 'refreshing';
      session: Session;
      step: 'locking' | 'recording' | 'requesting';
      call: number;
      /** The failure before this attempt. It stays until a grant proves that it is over. */
      failed?: Failed | undefined;
      waiting: Waiting;
      /** `refreshSentAt` of the write-ahead record on the disk. */
      recorded?: number | undefined;
      /** The resource whose token this refresh gets. Absent: the session's own. */
      resource?: string | undefined;
    }
  /** The provider rejected the token. The session ends, unless the disk has another worker's newer session. */
  | {
      state: 'ending';
      session: Session;
      left: SignedOutRecord;
      call: number;
      failed?: Failed | undefined;
      waiting: Waiting;
    }
  /** The new tokens are not on the disk yet, so no request gets them. */
  | {
      state: 'saving';
      session: Session;
      next: Session;
      call: number;
      failed?: Failed | undefined;
      waiting: Waiting;
      resource?: string | undefined;
    }
  /** The requests that need a new token wait for the next attempt. */
  | (RefreshFailure & { state: 'degraded'; session: Session; waiting: Waiting })
  | (RefreshFailure & { state: 'sign-in-required'; session: Session });

/** A sign-in in progress. The current session continues until the sign-in succeeds. */
export type SignInState = {
  call: number;
  id: string | undefined;
  kind: SignInKind;
  callback: boolean;
  /** A sign-in that began later has succeeded. Its session stays. */
  overtaken?: boolean;
};

/**
 * The verification by the application's backend. `rerun`: it is repeated after the current one. `checks`: the requests
 * whose 401 it judges. `late`: those whose 401 came after this verification was sent.
 */
export type VerifyState =
  | {
      state: 'pending';
      call: number;
      generation: number;
      rerun: boolean;
      attempt: number;
      checks: Waiting;
      late: Waiting;
    }
  /** The request failed, or the answer is no proof. `isRefused`: the backend of a cookie session plainly refuses to answer. */
  | { state: 'backoff'; attempt: number; retryAt: number; isRefused: boolean }
  | undefined;

export type SessionMachine = ResourceState & {
  state: SessionState;
  /** The sign-ins in progress, in the order in which users started them. */
  signIns: readonly SignInState[];
  /** Why the last sign-in by a callback failed. No caller waits for it, so the page shows it. */
  signInProblem: Problem | undefined;
  verifying: VerifyState;
  verifiedAt: number | undefined;
  /** The generation that the backend last accepted. */
  provenGeneration: number | undefined;
  /** The backend refuses the tokens of this session, although the provider has just issued them. */
  refusedProblem: Problem | undefined;
  /**
   * Replays with a fresh token that were refused too: how many generations in a row, and the last one. Until `until` a 401
   * starts no refresh unless the backend shows that the token is at fault.
   */
  doubt: { count: number; generation: number; until: number };
  durability: 'disk' | 'memory';
  /** A record that is not on the disk yet, and when to write it again. `ids`: the sign-out calls that wait for it. */
  unsaved: { record: SessionRecord; call: number; retryAt: number; ids: Waiting } | undefined;
  /** `refreshSentAt` of this worker's last write-ahead record, if the refresh got an answer. */
  answeredRefreshSentAt: number | undefined;
  /** Token bucket of the refreshes after a 401. It protects the provider when an API always answers 401. */
  unauthorizedBudget: { left: number; at: number };
  calls: number;
};

export type Verdict =
  /** `key` names the DPoP key that the token is bound to. */
  | { type: 'authorized'; generation: number; token: AccessToken; key?: string | undefined }
  /** As the page sent it: no user is signed in, or the browser's cookie is the authorization. Then it has its generation. */
  | { type: 'anonymous'; generation?: number | undefined }
  /** The page gets the server's 401. */
  | { type: 'passThrough' }
  | { type: 'fail'; problem: Problem };

export type SignInCommand = SignInIntent | { kind: 'oidc-callback'; url: string };

type Asking = { id: string; resource?: string | undefined };

export type SessionEvent =
  | { type: 'started' }
  | { type: 'loaded'; call: number; saved: SessionRecord | undefined; problem?: Problem | undefined }
  | { type: 'load-failed'; call: number; problem: Problem }
  /** `resource`: the name of the one whose token it needs. Absent: the session's own. */
  | ({ type: 'request' } & Asking)
  /** A 401. `isProof`: it came from the endpoint that verifies sessions, so no further check can judge the token. */
  | ({ type: 'refused'; generation: number; challenge: Challenge; isProof?: boolean } & Asking)
  /** The replay with this newer generation got a 401 too. */
  | { type: 'refused-again'; generation: number; resource?: string | undefined }
  /** The page aborted the request. */
  | { type: 'abandoned'; id: string }
  /** The worker holds the lock. `saved` is the current record. `problem`: the disk is unreadable. */
  | { type: 'locked'; call: number; saved: SessionRecord | undefined; problem?: Problem | undefined }
  | { type: 'saved'; call: number }
  | { type: 'save-failed'; call: number; problem: Problem }
  /** The disk has a newer generation, because another worker was faster. */
  | { type: 'superseded'; call: number; saved: SessionRecord }
  | { type: 'granted'; call: number; grant: TokenResponse }
  /** `unanswered`: the server may have rotated the token. */
  | { type: 'grant-failed'; call: number; problem: Problem; unanswered: boolean }
  /** `generation`: that of the token which the request had at last, after a refresh that it waited for or caused. */
  | { type: 'verified'; call: number; user: User; generation?: number | undefined }
  | { type: 'verify-failed'; call: number; problem: Problem }
  | { type: 'tick' }
  | { type: 'nudge'; cause: 'online' | 'visible' | 'thaw' | 'user' }
  /** A page requested a document. The tab that arrives with it wants a proof, so the verification need not wait for it. */
  | { type: 'tab-expected' }
  /** `expectedAt`: the time of the `tab-expected` for this tab's own document, if there was one. */
  | { type: 'tab-arrived'; expectedAt?: number | undefined }
  /** The disk may have a session that this worker does not know: a restored copy, or a sign-in in the page. */
  | { type: 'restored' }
  /** Another worker, or a page without one, may have written a record that this worker does not know. */
  | { type: 'record-changed' }
  /** The database was deleted. The worker still has its content in memory. */
  | { type: 'erased' }
  /** A server closed a socket because of the authorization with this generation. */
  | { type: 'suspected'; generation: number }
  | { type: 'sign-in'; id: string | undefined; command: SignInCommand }
  | { type: 'sign-in-redirect'; call: number; url: string }
  | { type: 'signed-in'; call: number; kind: SignInKind; grant: TokenResponse }
  | { type: 'sign-in-failed'; call: number; problem: Problem }
  | { type: 'sign-out'; id: string | undefined }
  /** The server will not end the tokens of the last sign-out. */
  | { type: 'revocation-refused'; problem: Problem };

export type SessionEffect =
  | { type: 'load'; call: number }
  /** Request the origin's refresh lock, then read the disk again. */
  | { type: 'lock'; call: number }
  | { type: 'unlock' }
  | { type: 'save'; call: number; record: SessionRecord }
  | { type: 'grant'; call: number; session: Session; resource?: string | undefined }
  | { type: 'verify'; call: number; kind: SignInKind }
  | { type: 'sign-in'; call: number; command: SignInCommand }
  | { type: 'revoke'; session: Session }
  | { type: 'answer'; id: string; verdict: Verdict }
  | { type: 'settle'; id: string; result: Result<SignInNext | null> };

export type SessionContext = StepContext<SessionPolicy>;

export type SessionStep = Step<SessionMachine, SessionEffect>;
