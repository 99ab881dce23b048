import { describe, expect, it } from 'vitest';
import type { Problem } from '../../src/protocol/problem.ts';
import { fromNow, lastingSince, nextTry } from '../../src/ui/text/time.ts';
import { headlineOf } from '../../src/ui/view/headline.ts';
import { labelFor } from '../../src/ui/strings/frame-strings.ts';
import { strings } from '../../src/ui/strings/strings.ts';
import { appStrings } from '../../src/ui/strings/app-strings.ts';
import { connectionProblemText, evidence, problemText } from '../../src/ui/text/problem-text.ts';
import { scenes } from './scenes.ts';

const NOW = 1_800_000_000_000;
const MINUTE_MS = 60_000;

describe('the text of a problem', () => {
  it('names what happened, and the evidence names the endpoint', () => {
    const problem: Problem = { code: 'grant-rejected', at: '/token', status: 400, error: 'invalid_grant' };
    expect(problemText(problem)).toBe('The server no longer accepts this session.');
    expect(evidence(problem)).toBe('grant-rejected · /token · HTTP 400 · invalid_grant');
  });

  it('is "Unknown" for a code of a newer worker [unknown-codes]', () => {
    // @ts-expect-error a code of a later version
    expect(problemText({ code: 'of-tomorrow' })).toBe('Unknown');
    // @ts-expect-error a tier of a later version
    expect(labelFor(strings().tier, 'diamond')).toBe('Unknown');
  });

  it('shows no waiting time, because it would not count down', () => {
    const problem = { code: 'rate-limited', at: '/login', status: 429, retryAfterMs: 29_001 } as const;
    expect(problemText(problem)).toBe('The server asked us to slow down.');
  });

  it('does not speak of credentials where a connection was refused, because the person typed none', () => {
    const problem = { code: 'credentials-rejected', at: '/api/socket', status: 403 } as const;
    expect(connectionProblemText(problem)).toBe('The server does not allow this connection.');
    expect(problemText(problem)).toBe('The server did not accept the credentials.');
  });

  it('explains the risks of a weak tier', () => {
    expect(appStrings().tierMeaning.compatible).toContain('could still read it');
    expect(appStrings().tierMeaning.bound).toContain('could still use that key');
  });
});

describe('time', () => {
  it('uses the unit that fits its size', () => {
    expect(fromNow(NOW - 2000, NOW)).toBe('just now');
    expect(fromNow(NOW - 50_000, NOW)).toBe('50 seconds ago');
    expect(fromNow(NOW + 3 * MINUTE_MS, NOW)).toBe('in 3 minutes');
    expect(lastingSince(NOW - 26 * MINUTE_MS, NOW)).toBe('for 26 minutes');
  });

  it('is "trying now" once the moment has passed', () => {
    expect(nextTry(NOW + 7000, NOW)).toBe('next try in 7 seconds');
    expect(nextTry(NOW - 7000, NOW)).toBe('trying now');
  });
});

describe('the headline', () => {
  it.each(Object.keys(scenes))('is one sentence for the scene %s', (scene) => {
    const made = scenes[scene]?.(NOW);
    const { headline, detail } = headlineOf(made?.snapshot, NOW);
    expect(headline).toMatch(/[.…]$/);
    expect(`${headline} ${detail}`).not.toMatch(/undefined|null|\[object|_|  /);
  });

  it('never says "signed out" while a session only waits', () => {
    for (const scene of ['degraded', 'offline', 'reconnecting']) {
      const { headline, detail } = headlineOf(scenes[scene]?.(NOW).snapshot, NOW);
      expect(headline).toMatch(/^You are signed in as Demo, /);
      expect(detail).not.toMatch(/signed out/i);
    }
  });

  it('says that everything is connected only when it is', () => {
    const detail = (scene: string) => headlineOf(scenes[scene]?.(NOW).snapshot, NOW, 'connected').detail;
    expect(detail('active')).toContain('Everything is connected.');
    for (const scene of ['reconnecting', 'limited', 'ticket', 'degraded', 'offline'])
      expect(detail(scene)).not.toContain('Everything');
  });

  it('says that the server has not confirmed the session before it has', () => {
    const active = scenes['active']?.(NOW).snapshot;
    if (active?.session.state !== 'active') throw new RangeError('active');
    const unproved = { ...active, session: { ...active.session, verifiedAt: undefined } };
    expect(headlineOf(unproved, NOW).detail).toContain('has not confirmed');
  });
});
