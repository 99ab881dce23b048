import type { JournalEntry } from '../../src/protocol/bridge/calls.ts';
import type { Problem } from '../../src/protocol/problem.ts';
import type { SessionView, Snapshot, SocketView } from '../../src/protocol/snapshot.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

export type Scene = { snapshot: Snapshot; updateReady?: boolean; journal?: readonly JournalEntry[] };

const unreachable: Problem = { code: 'network-unreachable', at: '/api/v1/auth/refresh' };

const open = (now: number): SocketView => ({
  state: 'open',
  since: now - 26 * MINUTE_MS,
  roundTripMs: 23.4,
  sent: 1204,
  received: 48_213,
  resumed: 3,
  lost: 0,
});

const known = (now: number) => ({
  kind: 'oidc' as const,
  user: { sub: 'demo', name: 'Demo' },
  accessIssuedAt: now - 2 * MINUTE_MS,
  accessExpiresAt: now + 3 * MINUTE_MS,
  verifiedAt: now - 2 * MINUTE_MS,
});

const base = (now: number, session: SessionView): Snapshot => ({
  protocol: 1,
  build: '4f2a91c07be3d5',
  worker: { id: 'w-3', startedAt: now - 26 * MINUTE_MS, host: 'service-worker' },
  durability: 'disk',
  tier: 'sealed',
  signInKinds: ['oidc', 'password', 'ticket'],
  online: true,
  session,
  sockets: { '/api/socket': open(now) },
  tabs: 3,
  kept: { since: now - 52 * HOUR_MS, reloads: 41, workerRestarts: 7, networkLosses: 5, refreshes: 312 },
});

/** The last minutes of a session that the server ended; the network loss before it did not end it. */
const ending = (now: number): readonly JournalEntry[] =>
  (
    [
      [4 * HOUR_MS, 'state', 'signed-out'],
      [90 * SECOND_MS, 'session', 'verified'],
      [48 * SECOND_MS, 'network', 'down'],
      [21 * SECOND_MS, 'network', 'up'],
      [20 * SECOND_MS, 'session', 'nudge', 'cause=online'],
      [20 * SECOND_MS, 'state', 'refreshing'],
      [19 * SECOND_MS, 'session', 'grant-failed', 'call=7 unanswered=false code=grant-rejected at=/token status=400'],
      [19 * SECOND_MS, 'state', 'signed-out'],
      [2 * SECOND_MS, 'tabs', '2'],
    ] as const
  ).map(([ago, machine, what, detail]) => ({ at: now - ago, worker: 'w-3', machine, what, detail }));

const active = (now: number): Snapshot => base(now, { state: 'active', ...known(now) });

/** Every state that the interface can show; all times are relative to `now` (ms since the Unix epoch). */
export const scenes: Readonly<Record<string, (now: number) => Scene>> = {
  starting: (now) => ({ snapshot: base(now, { state: 'starting' }) }),
  active: (now) => ({ snapshot: active(now) }),
  refreshing: (now) => ({ snapshot: base(now, { state: 'refreshing', ...known(now) }) }),
  degraded: (now) => ({
    snapshot: {
      ...base(now, {
        state: 'degraded',
        ...known(now),
        accessExpiresAt: now - 40 * SECOND_MS,
        nextTryAt: now + 9 * SECOND_MS,
        attempt: 4,
        problem: { code: 'server-unavailable', at: '/token', status: 503 },
      }),
      sockets: {
        '/api/socket': {
          ...open(now),
          state: 'resting',
          since: now - 40 * SECOND_MS,
          nextTryAt: now + 4 * SECOND_MS,
          roundTripMs: undefined,
          problem: unreachable,
        },
      },
    },
  }),
  offline: (now) => ({
    snapshot: {
      ...base(now, {
        state: 'degraded',
        ...known(now),
        nextTryAt: now + 28 * SECOND_MS,
        attempt: 2,
        problem: unreachable,
      }),
      online: false,
      sockets: {
        '/api/socket': {
          ...open(now),
          state: 'resting',
          since: now - 20 * SECOND_MS,
          nextTryAt: now + 28 * SECOND_MS,
          problem: unreachable,
        },
      },
    },
  }),
  asked: (now) => ({
    snapshot: base(now, {
      state: 'sign-in-required',
      ...known(now),
      nextTryAt: now + 5 * MINUTE_MS,
      attempt: 1,
      problem: { code: 'sign-in-required', at: '/token', status: 400, error: 'interaction_required' },
    }),
  }),
  reconnecting: (now) => ({
    snapshot: {
      ...active(now),
      sockets: {
        '/api/socket': { ...open(now), state: 'dialling', since: now - 6 * SECOND_MS },
        '/api/events': open(now),
      },
    },
  }),
  limited: (now) => ({
    snapshot: {
      ...active(now),
      tier: 'bound',
      sockets: { '/api/socket': { ...open(now), state: 'stopped', problem: { code: 'over-limit', detail: '4403' } } },
    },
  }),
  memory: (now) => ({
    snapshot: {
      ...active(now),
      durability: 'memory',
      tier: 'compatible',
      worker: { id: 'p-1', startedAt: now - MINUTE_MS, host: 'page' },
    },
  }),
  ending: (now) => ({
    snapshot: base(now, { state: 'active', ...known(now), endsAt: now + 4 * MINUTE_MS }),
  }),
  update: (now) => ({ snapshot: active(now), updateReady: true }),
  ticket: (now) => ({
    snapshot: {
      ...base(now, { state: 'active', kind: 'ticket', user: { sub: 'demo' }, verifiedAt: now - 4 * SECOND_MS }),
      sockets: { '/api/events': { ...open(now), state: 'parked' } },
    },
  }),
  never: (now) => ({ snapshot: base(now, { state: 'signed-out', reason: 'never' }) }),
  'password-only': (now) => ({
    snapshot: { ...base(now, { state: 'signed-out', reason: 'user' }), signInKinds: ['password'] },
  }),
  rejected: (now) => ({
    snapshot: base(now, {
      state: 'signed-out',
      reason: 'rejected',
      kind: 'oidc',
      problem: { code: 'grant-rejected', at: 'http://localhost:4174/token', status: 400, error: 'invalid_grant' },
    }),
    journal: ending(now),
  }),
  expired: (now) => ({
    snapshot: base(now, {
      state: 'signed-out',
      reason: 'expired',
      problem: { code: 'lifetime-over', endedAt: now - MINUTE_MS },
    }),
  }),
  unable: (now) => ({
    snapshot: {
      ...base(now, { state: 'signed-out', reason: 'never', problem: { code: 'no-worker', detail: 'no control' } }),
      signInKinds: [],
    },
  }),
  long: (now) => ({
    snapshot: {
      ...active(now),
      session: {
        state: 'active',
        ...known(now),
        user: { sub: 'u', name: 'Maximiliane-Wilhelmine von und zu Hohenstein-Oettingen-Spielberg' },
      },
      sockets: {
        'wss://a-very-long-name-of-a-host.example.org/with/a/long/path/socket': {
          ...open(now),
          sent: 12_345_678,
          received: 987_654_321,
        },
      },
    },
  }),
};

/** A journal as the worker writes it, with internal steps. */
export const usualJournal = (now: number): readonly JournalEntry[] => [
  { at: now - 3 * HOUR_MS, worker: 'w-2', machine: 'session', what: 'signed-in', detail: 'call=3 kind=oidc' },
  { at: now - 3 * HOUR_MS + 5, worker: 'w-2', machine: 'session', what: '→ save', detail: 'call=4' },
  { at: now - 2 * HOUR_MS, worker: 'w-2', machine: 'socket /api/socket', what: 'open' },
  { at: now - 26 * MINUTE_MS, worker: 'w-3', machine: 'session', what: 'loaded', detail: 'call=1' },
  {
    at: now - 3 * MINUTE_MS,
    worker: 'w-3',
    machine: 'session',
    what: 'grant-failed',
    detail: 'call=5 unanswered=false code=server-unavailable at=/token status=503',
  },
  { at: now - 2 * MINUTE_MS, worker: 'w-3', machine: 'session', what: 'granted', detail: 'call=6' },
];
