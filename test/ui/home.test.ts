import { describe, expect, it } from 'vitest';
import type { JournalEntry } from '../../src/protocol/bridge/calls.ts';
import type { SocketView } from '../../src/protocol/snapshot.ts';
import { LATENCY_WINDOW_MS, sparkline, withLatency } from '../../src/ui/home/latency.ts';
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
