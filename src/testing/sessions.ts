import type { SessionView, SignedOutReason, Snapshot, User } from '../protocol/snapshot.ts';

/** The user of `signedIn()`. */
const ANN: User = { sub: 'ann', name: 'Ann' };
/** Some moment, so that each run of a test is the same (ms since the Unix epoch). */
const MOMENT = 1_700_000_000_000;
const MINUTE_MS = 60_000;

/**
 * A session of a signed-in user, by password.
 *
 * @example
 * import { createFakeKeeper, signedIn } from 'session-keeper/testing';
 * const keeper = createFakeKeeper({ session: signedIn({ sub: 'ann', claims: { roles: ['admin'] } }) });
 */
export const signedIn = (user: User = ANN): SessionView => ({ state: 'active', kind: 'password', user });

/**
 * No session. `never`: no sign-in yet. `user`: signed out. `rejected`, `expired`: the server ended it.
 *
 * @example
 * import { createFakeKeeper, signedOut } from 'session-keeper/testing';
 * const keeper = createFakeKeeper({ session: signedOut('expired') });
 */
export const signedOut = (reason: SignedOutReason = 'never'): SessionView => ({ state: 'signed-out', reason });

/**
 * A session that cannot be refreshed now, because the network is away. The user is still signed in.
 *
 * @example
 * import { createFakeKeeper, offline } from 'session-keeper/testing';
 * const keeper = createFakeKeeper({ session: offline() });
 */
export const offline = (user: User = ANN): SessionView => ({
  state: 'degraded',
  kind: 'password',
  user,
  nextTryAt: MOMENT + MINUTE_MS,
  attempt: 1,
  problem: { code: 'network-unreachable', at: '/api/v1/auth/refresh' },
});

/** All of a snapshot but its session. */
export const REST: Omit<Snapshot, 'session'> = {
  protocol: 0,
  build: '',
  worker: { id: 'fake', startedAt: MOMENT, host: 'page' },
  durability: 'memory',
  tier: 'compatible',
  signInKinds: ['password'],
  online: true,
  sockets: {},
  tabs: 1,
  kept: { since: MOMENT, reloads: 0, workerRestarts: 0, networkLosses: 0, refreshes: 0 },
};
