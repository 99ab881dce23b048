import { describe, expect, it } from 'vitest';
import type { Problem } from '../../src/protocol/problem.ts';
import { fromNow, lastingSince, nextTry } from '../../src/ui/strings/time.ts';
import { headlineOf } from '../../src/ui/view/headline.ts';
import { labelFor, strings } from '../../src/ui/strings/strings.ts';
import { appStrings } from '../../src/ui/strings/app-strings.ts';
import { evidence, problemText } from '../../src/ui/strings/problem-text.ts';
import { scenes } from './scenes.ts';

const NOW = 1_800_000_000_000;
const MINUTE_MS = 60_000;

describe('words', () => {
  it('name what happened, and the evidence names where', () => {
    const problem: Problem = { code: 'grant-rejected', at: '/token', status: 400, error: 'invalid_grant' };
    expect(problemText(problem)).toBe('The server no longer accepts this session.');
    expect(evidence(problem)).toBe('grant-rejected · /token · HTTP 400 · invalid_grant');
  });

  it('survive a worker that knows more than this page [unknown-codes]', () => {
    // @ts-expect-error a code of a later version
    expect(problemText({ code: 'of-tomorrow' })).toBe('Unknown');
    // @ts-expect-error a tier of a later version
    expect(labelFor(strings().tier, 'diamond')).toBe('Unknown');
  });

  it('keeps a countdown out of a sentence that stands still', () => {
    const problem = { code: 'rate-limited', at: '/login', status: 429, retryAfterMs: 29_001 } as const;
    expect(problemText(problem)).toBe('The server asked us to slow down.');
  });

  it('claim no protection that a tier does not give', () => {
    expect(appStrings().tierMeaning.compatible).toContain('could still read it');
    expect(appStrings().tierMeaning.bound).toContain('could still use that key');
  });
});

describe('time', () => {
  it('speaks in the unit that one thinks in', () => {
    expect(fromNow(NOW - 2000, NOW)).toBe('just now');
    expect(fromNow(NOW - 50_000, NOW)).toBe('50 seconds ago');
    expect(fromNow(NOW + 3 * MINUTE_MS, NOW)).toBe('in 3 minutes');
    expect(lastingSince(NOW - 26 * MINUTE_MS, NOW)).toBe('for 26 minutes');
  });

  it('does not count below zero', () => {
    expect(nextTry(NOW + 7000, NOW)).toBe('next try in 7 seconds');
    expect(nextTry(NOW - 7000, NOW)).toBe('trying now');
  });
});

describe('the truth', () => {
  it.each(Object.keys(scenes))('of %s is one headline, and repeats no word of evidence', (scene) => {
    const made = scenes[scene]?.(NOW);
    const { headline, detail } = headlineOf(made?.snapshot, NOW);
    expect(headline).toMatch(/[.…]$/);
    expect(`${headline} ${detail}`).not.toMatch(/undefined|null|\[object|_|  /);
  });

  it('never says "signed out" of a session that only waits', () => {
    for (const scene of ['degraded', 'offline', 'reconnecting']) {
      const { headline, detail } = headlineOf(scenes[scene]?.(NOW).snapshot, NOW);
      expect(headline).toMatch(/^You are signed in as Demo, /);
      expect(detail).not.toMatch(/signed out/i);
    }
  });

  it('claims that everything is connected only where it is', () => {
    const detail = (scene: string) => headlineOf(scenes[scene]?.(NOW).snapshot, NOW, 'connected').detail;
    expect(detail('active')).toContain('Everything is connected.');
    for (const scene of ['reconnecting', 'limited', 'ticket', 'degraded', 'offline'])
      expect(detail(scene)).not.toContain('Everything');
  });

  it('does not claim that the server agreed before it has', () => {
    const active = scenes['active']?.(NOW).snapshot;
    if (active?.session.state !== 'active') throw new RangeError('active');
    const unproved = { ...active, session: { ...active.session, verifiedAt: undefined } };
    expect(headlineOf(unproved, NOW).detail).toContain('has not confirmed');
  });
});
