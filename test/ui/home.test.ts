import { describe, expect, it } from 'vitest';
import type { JournalEntry } from '../../src/protocol/bridge/calls.ts';
import type { Problem } from '../../src/protocol/problem.ts';
import type { SocketView } from '../../src/protocol/snapshot.ts';
import type { SignedInSession } from '../../src/ui/base/status.ts';
import { LATENCY_WINDOW_MS, sparkline, withLatency } from '../../src/ui/home/latency.ts';
import { tokenOutlook, type TokenOutlook } from '../../src/ui/home/token-outlook.ts';
import { uptimeOf } from '../../src/ui/home/uptime.ts';

const NOW = 1_800_000_000_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

const entry = (agoMs: number, machine: string, what: string): JournalEntry => ({
  at: NOW - agoMs,
  worker: 'w-1',
  machine,
  what,
});

describe('the last day', () => {
  it('is good while the session is valid, and says nothing of the time before', () => {
    const { slots, known, good } = uptimeOf([entry(HOUR_MS, 'state', 'active')], NOW);
    expect(slots).toHaveLength(96);
    expect(slots.slice(-4).map(({ state }) => state)).toEqual(['good', 'good', 'good', 'good']);
    expect(slots.slice(0, -4).every(({ state }) => state === 'none')).toBe(true);
    expect([known, good]).toEqual([HOUR_MS, HOUR_MS]);
  });

  it('takes the worst of the lanes, and counts no moment twice', () => {
    const journal = [
      entry(HOUR_MS, 'state', 'active'),
      entry(HOUR_MS, 'network', 'up'),
      entry(20 * MINUTE_MS, 'network', 'down'),
      entry(10 * MINUTE_MS, 'network', 'up'),
    ];
    const { slots, known, good, events } = uptimeOf(journal, NOW);
    expect(slots.slice(-4).map(({ state }) => state)).toEqual(['good', 'good', 'bad', 'bad']);
    expect([known, good, events]).toEqual([HOUR_MS, 50 * MINUTE_MS, 2]);
  });
});

const socket = (roundTripMs: number | undefined, state: SocketView['state'] = 'open'): SocketView => ({
  ...{ state, since: NOW, sent: 0, received: 0, resumed: 0, lost: 0 },
  roundTripMs,
});

describe('the latency', () => {
  it('has one sample for each new measurement of an open connection', () => {
    const first = withLatency([], { a: socket(20) }, NOW);
    expect(first).toEqual([{ at: NOW, ms: 20 }]);
    expect(withLatency(first, { a: socket(20) }, NOW + 1)).toBe(first);
    expect(withLatency(first, { a: socket(30, 'resting') }, NOW + 1)).toBe(first);
    expect(withLatency(first, { a: socket(30) }, NOW + 2)).toHaveLength(2);
  });

  it('forgets what is older than its window, and draws the rest over the whole width up to now', () => {
    const old = [{ at: NOW - LATENCY_WINDOW_MS, ms: 5 }];
    const samples = withLatency(old, { a: socket(10) }, NOW);
    expect(samples).toEqual([{ at: NOW, ms: 10 }]);
    const box = { width: 100, height: 10 };
    expect(sparkline(samples, NOW + LATENCY_WINDOW_MS / 2, box)).toBe('0.0,0.0 100.0,0.0');
    expect(sparkline(samples, NOW + 15_000, box)).toBe('50.0,0.0 100.0,0.0');
  });
});

describe('the access token', () => {
  const kind = 'oidc';
  const down: Problem = { code: 'server-unavailable', at: '/token', status: 503 };
  const refused: Problem = { code: 'token-refused', at: '/api/me', status: 401 };
  const redirected: Problem = { code: 'redirect-refused', at: '/api/me' };
  const late = { kind, nextTryAt: NOW, attempt: 2 } as const;

  it.each<[string, SignedInSession, TokenOutlook]>([
    ['that is good renews by itself', { state: 'active', kind }, { title: 'renews', foot: 'by-itself' }],
    ['renews while the first attempt runs', { state: 'refreshing', kind }, { title: 'renews', foot: 'by-itself' }],
    [
      'works until its end when it cannot be renewed',
      { ...late, state: 'degraded', problem: down },
      { title: 'expires', foot: 'works' },
    ],
    [
      'still expires during the attempt after a failure',
      { state: 'refreshing', kind, attempt: 2, problem: down },
      { title: 'expires', foot: 'works' },
    ],
    [
      'promises nothing when the server is out of reach',
      { ...late, state: 'degraded', problem: { code: 'network-unreachable', at: '/token' } },
      { title: 'expires', foot: 'unknown' },
    ],
    [
      'promises nothing when the server refuses it',
      { state: 'active', kind, problem: refused },
      { title: 'renews', foot: 'unknown' },
    ],
    [
      'promises nothing when something in front of the server wants a sign-in',
      { state: 'active', kind, problem: redirected },
      { title: 'renews', foot: 'unknown' },
    ],
    [
      'promises nothing during a renewal of a refused one',
      { state: 'refreshing', kind, problem: refused },
      { title: 'renews', foot: 'unknown' },
    ],
    [
      'promises nothing when it was refused, and only the person can renew it',
      { ...late, state: 'sign-in-required', problem: refused },
      { title: 'expires', foot: 'unknown' },
    ],
  ])('%s', (_, session, outlook) => {
    expect(tokenOutlook(session, { online: true })).toEqual(outlook);
  });

  it('promises nothing offline', () => {
    const session: SignedInSession = { ...late, state: 'degraded', problem: down };
    expect(tokenOutlook(session, { online: false })).toEqual({ title: 'expires', foot: 'unknown' });
  });
});
