import { describe, expect, it } from 'vitest';
import type { SessionView } from '../../src/protocol/snapshot.ts';
import { isOtherUser, nextView, type GateView } from '../../src/ui/view/gate-view.ts';

const starting: SessionView = { state: 'starting' };
const active: SessionView = { state: 'active', kind: 'oidc', user: { sub: 'a' } };
const rejected: SessionView = { state: 'signed-out', reason: 'rejected' };
const restoring: GateView = { state: 'restoring' };

const after = (...sessions: SessionView[]): GateView => sessions.reduce(nextView, restoring);

describe('a gate', () => {
  it('keeps its dialog over a session that goes on, until somebody closes it or the session ends', () => {
    const extending: GateView = { state: 'extending', sub: 'a' };
    expect(nextView(extending, active)).toEqual(extending);
    expect(nextView(extending, rejected).state).toBe('ended');
    expect(nextView(extending, { state: 'signed-out', reason: 'user' }).state).toBe('signed-out');
  });

  it.each<[string, SessionView[], GateView['state']]>([
    ['restores until something is known', [starting], 'restoring'],
    ['shows the page at once', [starting, active], 'signed-in'],
    [
      'shows the login page when there is no session',
      [starting, { state: 'signed-out', reason: 'never' }],
      'signed-out',
    ],
    [
      'shows the login page, not an empty page, for a session that ended before this page',
      [starting, rejected],
      'signed-out',
    ],
    ['keeps a page in use', [active, rejected], 'ended'],
    ['keeps it while a worker starts', [active, starting], 'signed-in'],
    ['keeps it out of reach while a sign-in is being finished', [active, rejected, starting], 'ended'],
    ['comes back to it', [active, rejected, starting, active], 'signed-in'],
    ['keeps nothing for those who leave', [active, { state: 'signed-out', reason: 'user' }], 'signed-out'],
    ['leaves the form in place while it signs in', [{ state: 'signed-out', reason: 'never' }, starting], 'signed-out'],
    [
      'counts a session that waits for the server as one',
      [{ ...active, state: 'degraded', nextTryAt: 1, attempt: 1, problem: { code: 'timeout', at: '/' } }],
      'signed-in',
    ],
  ])('%s', (_, sessions, state) => {
    expect(after(...sessions).state).toBe(state);
  });

  it('knows another person, also after a time without anybody', () => {
    const mine = after(active, rejected);
    expect(isOtherUser(mine, nextView(mine, active))).toBe(false);
    expect(isOtherUser(mine, nextView(mine, { ...active, user: { sub: 'b' } }))).toBe(true);
  });

  it.each<[string, SessionView[], GateView['state']]>([
    ['in the place of a page', [active], 'restoring'],
    ['after a sign-out', [active, { state: 'signed-out', reason: 'user' }], 'restoring'],
    ['over a page that ended', [active, rejected], 'ended'],
  ])('shows nobody’s page to somebody without a name yet: %s', (_, sessions, state) => {
    const mine = after(...sessions);
    const unnamed = nextView(mine, { state: 'active', kind: 'password' });
    expect(unnamed).toEqual({ state, sub: 'a' });
    expect(nextView(unnamed, active).state).toBe('signed-in');
    expect(isOtherUser(unnamed, nextView(unnamed, { ...active, user: { sub: 'b' } }))).toBe(true);
  });

  it('shows a page that is nobody’s yet to somebody without a name', () => {
    expect(after(starting, { state: 'active', kind: 'password' }).state).toBe('signed-in');
  });

  it('shows nothing more of a page that leaves', () => {
    expect(nextView({ state: 'leaving' }, active)).toEqual({ state: 'leaving' });
  });
});
