import type { SignInIntent, SignInNext } from '../../protocol/bridge/calls.ts';
import { REFRESH_BACKOFF, REFRESH_OUTAGE_CAP_MS } from '../../protocol/timing/backoff.ts';
import type { Problem, Result } from '../../protocol/problem.ts';
import { number, object, string, type Infer } from '../../protocol/schema/schema.ts';
import { oneOf, optional, withDefault } from '../../protocol/schema/schema-types.ts';
import { SIGN_IN_KIND, USER, type SignedOutReason, type SignInKind, type User } from '../../protocol/snapshot.ts';
import type { Step, StepContext } from '../machine.ts';

/** Times are milliseconds since the Unix epoch by this device's clock: expiry is advice, the server's 401 decides. */
const ACCESS_TOKEN = object({ value: string, scheme: oneOf('Bearer', 'DPoP'), issuedAt: number, expiresAt: number });
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
  user?: User | undefined;
  endsAt?: number | undefined;
};

export type Waiting = readonly string[];

/** The access token during a refresh: still `good`, or `refused` by a 401. */
export type AccessTokenState = 'good' | 'refused';

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
      id: string | undefined;
      waiting: Waiting;
    }
  | { state: 'active'; session: Session }
  | {
      state: 'refreshing';
      session: Session;
      step: 'locking' | 'recording' | 'requesting';
      call: number;
      attempt: number;
      access: AccessTokenState;
      waiting: Waiting;
      /** `refreshSentAt` of the write-ahead record on the disk. */
      recorded?: number | undefined;
    }
  /** The provider rejected the token. The session ends, unless the disk has another worker's newer session. */
  | {
      state: 'ending';
      session: Session;
      left: SignedOutRecord;
      call: number;
      access: AccessTokenState;
      waiting: Waiting;
    }
  /** The new tokens are not on the disk yet, so no request gets them. */
  | {
      state: 'saving';
      session: Session;
      next: Session;
      call: number;
      attempt: number;
      access: AccessTokenState;
      waiting: Waiting;
    }
  | {
      state: 'degraded';
      session: Session;
      attempt: number;
      access: AccessTokenState;
      failedAt: number;
      nextTryAt: number;
      problem: Problem;
    };

/** A sign-in in progress. The current session continues until the sign-in succeeds. */
export type SignInState = { call: number; id: string | undefined; kind: SignInKind; callback: boolean } | undefined;

/** The verification by the application's backend. `rerun`: it is repeated after the current one. */
export type VerifyState =
  | { state: 'pending'; call: number; generation: number; rerun: boolean; attempt: number }
  /** The request failed, or the answer is no proof. */
  | { state: 'backoff'; attempt: number; retryAt: number }
  | undefined;

export type SessionMachine = {
  state: SessionState;
  signIn: SignInState;
  verifying: VerifyState;
  verifiedAt: number | undefined;
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
  /** As the page sent it: no user is signed in, or the browser's cookie is the authorization. */
  | { type: 'anonymous' }
  /** The page gets the server's 401. */
  | { type: 'passThrough' }
  | { type: 'fail'; problem: Problem };

export type SignInCommand = SignInIntent | { kind: 'oidc-callback'; url: string };

export type SessionEvent =
  | { type: 'started' }
  | { type: 'loaded'; call: number; saved: SessionRecord | undefined; problem?: Problem | undefined }
  | { type: 'load-failed'; call: number; problem: Problem }
  | { type: 'request'; id: string }
  | { type: 'refused'; id: string; generation: number }
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
  | { type: 'verified'; call: number; user: User }
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
  | { type: 'sign-out'; id: string | undefined };

export type SessionEffect =
  | { type: 'load'; call: number }
  /** Request the origin's refresh lock, then read the disk again. */
  | { type: 'lock'; call: number }
  | { type: 'unlock' }
  | { type: 'save'; call: number; record: SessionRecord }
  | { type: 'grant'; call: number; session: Session }
  | { type: 'verify'; call: number; kind: SignInKind }
  | { type: 'sign-in'; call: number; command: SignInCommand }
  | { type: 'revoke'; session: Session }
  | { type: 'answer'; id: string; verdict: Verdict }
  | { type: 'settle'; id: string; result: Result<SignInNext | null> };

/** Durations in milliseconds. */
export type SessionPolicy = {
  /** A token is not used this close to its expiry. */
  marginMs: number;
  /** Refresh before expiry by this share of the token's lifetime, at most `renewLeadMaxMs`. */
  renewLeadShare: number;
  renewLeadMaxMs: number;
  /** A token younger than this is used even if it has expired, so that no refresh storm starts. */
  minAgeMs: number;
  retryBaseMs: number;
  retryCapMs: number;
  /** After this many failures in a row, the cap is `patientCapMs`. */
  patientAfter: number;
  patientCapMs: number;
  /** Minimum time between two attempts that requests and nudges start. */
  minTryMs: number;
  misconfiguredRetryMs: number;
  loadRetryMs: number;
  loadAttempts: number;
  saveRetryMs: number;
  unauthorizedBurst: number;
  unauthorizedRefillMs: number;
  /** A nudge verifies again if the last proof is older than this. */
  verifyAgainMs: number;
  /** A tab that arrives within this time after its document was requested needs no verification of its own. */
  tabExpectedMs: number;
};

export const SESSION_POLICY: SessionPolicy = {
  marginMs: 1_000,
  renewLeadShare: 0.25,
  renewLeadMaxMs: 60_000,
  minAgeMs: 1_000,
  retryBaseMs: REFRESH_BACKOFF.baseMs,
  retryCapMs: REFRESH_BACKOFF.capMs,
  patientAfter: 20,
  patientCapMs: REFRESH_OUTAGE_CAP_MS,
  minTryMs: 1_000,
  misconfiguredRetryMs: 60_000,
  loadRetryMs: 500,
  loadAttempts: 8,
  saveRetryMs: 3_000,
  unauthorizedBurst: 6,
  unauthorizedRefillMs: 5_000,
  verifyAgainMs: 30_000,
  tabExpectedMs: 10_000,
};

export type SessionContext = StepContext<SessionPolicy>;

export type SessionStep = Step<SessionMachine, SessionEffect>;
