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

/** An ended session leaves its reason behind, so that a reload can still explain it. */
export type SignedOutRecord = {
  state: 'signed-out';
  generation: number;
  reason: SignedOutReason;
  kind?: SignInKind | undefined;
  problem?: Problem | undefined;
};

/** What the disk holds. */
export type SessionRecord = { state: 'signed-in'; session: Session } | SignedOutRecord;

/** A token endpoint's good answer, already parsed. No refresh token means: the old one stays. */
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

/** What becomes of the access token while a refresh is on its way: still `good`, or `refused` by a 401. */
export type AccessTokenState = 'good' | 'refused';

export type SessionState =
  /** `left`: the end that this worker knows of, while it looks for a sign-in that came after it. */
  | {
      state: 'starting';
      call: number;
      attempt: number;
      retryAt?: number | undefined;
      waiting: Waiting;
      left?: SignedOutRecord | undefined;
    }
  | (SignedOutRecord & {
      /** The disk could not be read: then it is looked at again, for it may hold a session (Infinity: being read). */
      lookAgainAt?: number | undefined;
    })
  /** A sign-in succeeded; its session is not on disk yet. `former` sessions are revoked when it is. */
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
      /** What the disk's write-ahead record says (`refreshSentAt`). */
      recorded?: number | undefined;
    }
  /** Rejected: whether that is the end, the disk decides, which may hold another worker's newer session. */
  | {
      state: 'ending';
      session: Session;
      left: SignedOutRecord;
      call: number;
      access: AccessTokenState;
      waiting: Waiting;
    }
  /** Rotated: the new tokens are not on disk yet, so nobody gets them. */
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

/** A sign-in runs beside the session that is there, if any: only its success replaces that one. */
export type SignInState = { call: number; id: string | undefined; kind: SignInKind; callback: boolean } | undefined;

/** The proof by the application's backend; `again` = something happened since it was asked. */
export type VerifyState =
  | { state: 'pending'; call: number; generation: number; rerun: boolean; attempt: number }
  /** The backend could not be asked, or gave no proof. */
  | { state: 'backoff'; attempt: number; retryAt: number }
  | undefined;

export type SessionMachine = {
  state: SessionState;
  signIn: SignInState;
  verifying: VerifyState;
  verifiedAt: number | undefined;
  durability: 'disk' | 'memory';
  /** A record that the disk does not have yet, and when to try again. `ids`: who signed out, and wants to know. */
  unsaved: { record: SessionRecord; call: number; retryAt: number; ids: Waiting } | undefined;
  /** The `refreshSentAt` of this worker's last write-ahead record, if that question was answered after all. */
  answeredRefreshSentAt: number | undefined;
  /** How many refreshes a 401 may still cause (token bucket): an API that always says 401 is no reason to hammer. */
  unauthorizedBudget: { left: number; at: number };
  calls: number;
};

export type Verdict =
  /** `key` names the DPoP key that the token is bound to. */
  | { type: 'authorized'; generation: number; token: AccessToken; key?: string | undefined }
  /** As the page sent it: nobody is signed in, or the browser's cookie is the authorization. */
  | { type: 'anonymous' }
  /** The server's 401 is the answer. */
  | { type: 'passThrough' }
  | { type: 'fail'; problem: Problem };

export type SignInCommand = SignInIntent | { kind: 'oidc-callback'; url: string };

export type SessionEvent =
  | { type: 'started' }
  | { type: 'loaded'; call: number; saved: SessionRecord | undefined; problem?: Problem | undefined }
  | { type: 'load-failed'; call: number; problem: Problem }
  | { type: 'request'; id: string }
  | { type: 'refused'; id: string; generation: number }
  /** The caller gave up waiting. */
  | { type: 'abandoned'; id: string }
  /** The lock is held, and this is what the disk says now; `problem`: it could not be read. */
  | { type: 'locked'; call: number; saved: SessionRecord | undefined; problem?: Problem | undefined }
  | { type: 'saved'; call: number }
  | { type: 'save-failed'; call: number; problem: Problem }
  /** The disk holds a newer generation: another worker was faster. */
  | { type: 'superseded'; call: number; saved: SessionRecord }
  | { type: 'granted'; call: number; grant: TokenResponse }
  /** `unanswered`: the server may have done its work. */
  | { type: 'grant-failed'; call: number; problem: Problem; unanswered: boolean }
  | { type: 'verified'; call: number; user: User }
  | { type: 'verify-failed'; call: number; problem: Problem }
  | { type: 'tick' }
  | { type: 'nudge'; cause: 'online' | 'visible' | 'thaw' | 'user' }
  | { type: 'tab-arrived' }
  /** The disk may hold what this worker has not seen there: a copy that was taken back, or a page's own sign-in. */
  | { type: 'restored' }
  /** The database was deleted under this worker, which still knows what was in it. */
  | { type: 'erased' }
  /** A socket was closed for its authorization: look at this generation. */
  | { type: 'suspected'; generation: number }
  | { type: 'sign-in'; id: string | undefined; command: SignInCommand }
  | { type: 'sign-in-redirect'; call: number; url: string }
  | { type: 'signed-in'; call: number; kind: SignInKind; grant: TokenResponse }
  | { type: 'sign-in-failed'; call: number; problem: Problem }
  | { type: 'sign-out'; id: string | undefined };

export type SessionEffect =
  | { type: 'load'; call: number }
  /** Hold the one refresh lock of this origin, then read the disk again. */
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
  /** A token this close to its end is not used any more. */
  marginMs: number;
  /** Refresh this part of its lifetime before a token's end, at most `renewLeadMaxMs`. */
  renewLeadShare: number;
  renewLeadMaxMs: number;
  /** A token younger than this is used whatever its lifetime says: no refresh storm. */
  minAgeMs: number;
  retryBaseMs: number;
  retryCapMs: number;
  /** After this many failures in a row, the provider is really down: be patient. */
  patientAfter: number;
  patientCapMs: number;
  /** Least time between two tries that requests and nudges cause. */
  minTryMs: number;
  misconfiguredRetryMs: number;
  loadRetryMs: number;
  loadAttempts: number;
  saveRetryMs: number;
  unauthorizedBurst: number;
  unauthorizedRefillMs: number;
  /** A nudge verifies again when the last proof is older. */
  verifyAgainMs: number;
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
};

export type SessionContext = StepContext<SessionPolicy>;

export type SessionStep = Step<SessionMachine, SessionEffect>;
