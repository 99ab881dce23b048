import { describe, expect, it } from 'vitest';
import {
  nextTryOf,
  TROUBLE_DELAY_MS,
  settleStatus,
  statusOf,
  type SettledStatus,
  type Status,
} from '../../src/ui/base/status.ts';
import { scenes } from './scenes.ts';

const NOW = 1_800_000_000_000;

const snapshotOf = (scene: string) => {
  const made = scenes[scene]?.(NOW);
  if (!made) throw new RangeError(scene);
  return made.snapshot;
};

const shownAfter = (start: Status, ...steps: (readonly [status: Status, at: number])[]): Status =>
  steps.reduce<SettledStatus>((settled, [status, at]) => settleStatus(settled, status, at), { shown: start }).shown;

describe('the status', () => {
  it('is connected when the only socket is idle', () => {
    expect(statusOf(snapshotOf('ticket'))).toBe('connected');
  });

  it('prefers signed out over offline, and offline over reconnecting', () => {
    expect(statusOf({ ...snapshotOf('never'), online: false })).toBe('signed-out');
    expect(statusOf(snapshotOf('offline'))).toBe('offline');
    expect(statusOf(snapshotOf('degraded'))).toBe('reconnecting');
    expect(statusOf(undefined)).toBe('starting');
  });

  it('finds the earliest next attempt', () => {
    expect(nextTryOf(snapshotOf('degraded'))).toBe(NOW + 4000);
    expect(nextTryOf(snapshotOf('active'))).toBeUndefined();
  });
});

describe('the settled status', () => {
  it('shows trouble only once it has lasted', () => {
    expect(shownAfter('connected', ['reconnecting', 0], ['reconnecting', TROUBLE_DELAY_MS - 1])).toBe('connected');
    expect(shownAfter('connected', ['reconnecting', 0], ['reconnecting', TROUBLE_DELAY_MS])).toBe('reconnecting');
  });

  it('measures one time for trouble that changes its kind', () => {
    expect(shownAfter('connected', ['reconnecting', 0], ['offline', 2000], ['offline', TROUBLE_DELAY_MS])).toBe(
      'offline',
    );
  });

  it('measures again after each recovery', () => {
    expect(shownAfter('connected', ['offline', 0], ['connected', 2000], ['offline', TROUBLE_DELAY_MS])).toBe(
      'connected',
    );
  });

  it('never reads as good news when a session that needs the person gets into other trouble', () => {
    expect(shownAfter('sign-in-required', ['offline', 0])).toBe('offline');
    expect(shownAfter('sign-in-required', ['reconnecting', 0])).toBe('reconnecting');
  });

  it('shows good news and the end of a session at once', () => {
    expect(shownAfter('offline', ['connected', 0])).toBe('connected');
    expect(shownAfter('connected', ['signed-out', 0])).toBe('signed-out');
  });

  it('shows "starting", not "connected" or "signed out", while early trouble is young', () => {
    expect(shownAfter('signed-out', ['reconnecting', 0])).toBe('starting');
    expect(shownAfter('starting', ['reconnecting', 0])).toBe('starting');
  });

  it('shows "offline" at once when the page starts without a network', () => {
    expect(shownAfter('starting', ['offline', 0])).toBe('offline');
  });
});
