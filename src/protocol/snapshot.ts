import type { Problem } from './problem.ts';

export type SignInKind = 'oidc' | 'password' | 'ticket';
export type User = { sub: string; name?: string | undefined };

/** Why nobody is signed in: never was, chose to leave, the server refused the token, the lifetime is over. */
export type SignedOutReason = 'never' | 'user' | 'rejected' | 'expired';

/** `compatible`: bearer tokens, encrypted at rest; `bound`: plus DPoP; `sealed`: plus a secret that only the worker has. */
export type Tier = 'compatible' | 'bound' | 'sealed';

/** Times are milliseconds since the epoch by the clock of this device. */
type Known = {
  kind: SignInKind;
  user?: User | undefined;
  /** Absent for the `ticket` kind, which holds no token. */
  accessExpiresAt?: number | undefined;
  accessIssuedAt?: number | undefined;
  /** When the application's backend last proved, by name, that it knows this session. */
  verifiedAt?: number | undefined;
  /** End of the session's absolute lifetime, where the server declares one. */
  endsAt?: number | undefined;
};

export type SessionView =
  /** Reading the disk, or finishing a sign-in. Nothing is known yet: show neither app nor login page. */
  | { state: 'starting' }
  | ({ state: 'active' } & Known)
  | ({ state: 'refreshing' } & Known)
  /** Cannot refresh now; the tokens are kept and the next try is known. */
  | ({ state: 'degraded'; nextTryAt: number; attempt: number; problem: Problem } & Known)
  | { state: 'signed-out'; reason: SignedOutReason; kind?: SignInKind | undefined; problem?: Problem | undefined };

export type SocketStateName = 'parked' | 'ticketing' | 'dialling' | 'open' | 'resting' | 'stopped';

export type SocketView = {
  state: SocketStateName;
  since: number;
  nextTryAt?: number | undefined;
  roundTripMs?: number | undefined;
  sent: number;
  received: number;
  /** Times the stream went on where it had stopped. */
  resumed: number;
  /** Frames that the server's history no longer held. */
  lost: number;
  problem?: Problem | undefined;
};

/** What a session was kept through, since `since`; it survives worker restarts. */
export type Continuity = {
  since: number;
  reloads: number;
  workerRestarts: number;
  networkLosses: number;
  refreshes: number;
};

/** What a page may know. Never a token, a ticket, a nonce or a key. */
export type Snapshot = {
  protocol: number;
  /** Identity of the build that made the worker script, to offer "new version ready". */
  build: string;
  worker: { id: string; startedAt: number; host: 'service-worker' | 'page' };
  durability: 'disk' | 'memory';
  tier: Tier;
  /** The sign-in kinds this deployment offers, in the order to show them. */
  signInKinds: readonly SignInKind[];
  online: boolean;
  session: SessionView;
  /** By URL as configured, for example `/api/socket`. */
  sockets: { readonly [url: string]: SocketView };
  tabs: number;
  kept: Continuity;
};
