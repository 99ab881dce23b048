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
  steps.reduce<SettledStatus>((calm, [status, at]) => settleStatus(calm, status, at), { shown: start }).shown;

describe('the status', () => {
  it('names no trouble for a socket that nobody needs', () => {
    expect(statusOf(snapshotOf('ticket'))).toBe('connected');
  });

  it('prefers what one can act on: nobody is signed in, the network is gone, something waits', () => {
    expect(statusOf({ ...snapshotOf('never'), online: false })).toBe('signed-out');
    expect(statusOf(snapshotOf('offline'))).toBe('offline');
    expect(statusOf(snapshotOf('degraded'))).toBe('reconnecting');
    expect(statusOf(undefined)).toBe('starting');
  });

  it('finds the next try of all that waits', () => {
    expect(nextTryOf(snapshotOf('degraded'))).toBe(NOW + 4000);
    expect(nextTryOf(snapshotOf('active'))).toBeUndefined();
  });
});

describe('calm', () => {
  it('is quiet about trouble for a while, and no longer', () => {
    expect(shownAfter('connected', ['reconnecting', 0], ['reconnecting', TROUBLE_DELAY_MS - 1])).toBe('connected');
    expect(shownAfter('connected', ['reconnecting', 0], ['reconnecting', TROUBLE_DELAY_MS])).toBe('reconnecting');
  });

  it('counts one trouble that becomes another as one', () => {
    expect(shownAfter('connected', ['reconnecting', 0], ['offline', 2000], ['offline', TROUBLE_DELAY_MS])).toBe(
      'offline',
    );
  });

  it('begins anew after every recovery', () => {
    expect(shownAfter('connected', ['offline', 0], ['connected', 2000], ['offline', TROUBLE_DELAY_MS])).toBe(
      'connected',
    );
  });

  it('does not wait with good news, nor with the end of a session', () => {
    expect(shownAfter('offline', ['connected', 0])).toBe('connected');
    expect(shownAfter('connected', ['signed-out', 0])).toBe('signed-out');
  });

  it('never says that somebody is connected, or signed out, who is neither', () => {
    expect(shownAfter('signed-out', ['reconnecting', 0])).toBe('starting');
    expect(shownAfter('starting', ['offline', 0])).toBe('starting');
  });
});
