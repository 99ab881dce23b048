import { describe, expect, it } from 'vitest';
import type { SessionView } from '../../src/protocol/snapshot.ts';
import { isOtherUser, nextView, type GateView } from '../../src/ui/view/gate-view.ts';

const starting: SessionView = { state: 'starting' };
const active: SessionView = { state: 'active', kind: 'oidc', user: { sub: 'a' } };
const rejected: SessionView = { state: 'signed-out', reason: 'rejected' };
const ASKED = { state: 'sign-in-required', nextTryAt: 1, attempt: 1, problem: { code: 'timeout', at: '/' } } as const;
const restoring: GateView = { state: 'restoring' };

const next = (view: GateView, session: SessionView, sessionName?: string): GateView =>
  nextView(view, { session, sessionName });
const after = (...sessions: SessionView[]): GateView =>
  sessions.reduce((view, session) => next(view, session), restoring);

describe('a gate', () => {
  it('keeps the dialog open over an active session until the session ends', () => {
    const extending: GateView = { state: 'extending', sub: 'a' };
    expect(next(extending, active)).toEqual(extending);
    expect(next(extending, rejected).state).toBe('ended');
    expect(next(extending, { state: 'signed-out', reason: 'user' }).state).toBe('signed-out');
  });

  it.each<[string, SessionView[], GateView['state']]>([
    ['shows "restoring" until the session is known', [starting], 'restoring'],
    ['shows the page when the session is active', [starting, active], 'signed-in'],
    [
      'shows the sign-in page when there is no session',
      [starting, { state: 'signed-out', reason: 'never' }],
      'signed-out',
    ],
    ['shows the sign-in page when the session ended before this page loaded', [starting, rejected], 'signed-out'],
    ['keeps the page when the server ends the session', [active, rejected], 'ended'],
    ['keeps the page while a worker starts', [active, starting], 'signed-in'],
    ['keeps the page inert while a sign-in completes', [active, rejected, starting], 'ended'],
    ['shows the page again when the same user is back', [active, rejected, starting, active], 'signed-in'],
    [
      'shows the sign-in page when the user signed out',
      [active, { state: 'signed-out', reason: 'user' }],
      'signed-out',
    ],
    ['keeps the form in place while it signs in', [{ state: 'signed-out', reason: 'never' }, starting], 'signed-out'],
    [
      'shows the page when the session is degraded',
      [{ ...active, state: 'degraded', nextTryAt: 1, attempt: 1, problem: { code: 'timeout', at: '/' } }],
      'signed-in',
    ],
  ])('%s', (_, sessions, state) => {
    expect(after(...sessions).state).toBe(state);
  });

  it('detects another user after a signed-out period', () => {
    const first = after(active, rejected);
    expect(isOtherUser(first, next(first, active))).toBe(false);
    expect(isOtherUser(first, next(first, { ...active, user: { sub: 'b' } }))).toBe(true);
  });

  it.each<[string, SessionView[], GateView['state']]>([
    ['while the page is in use', [active], 'restoring'],
    ['after a sign-out', [active, { state: 'signed-out', reason: 'user' }], 'restoring'],
    ['after the server ended the session', [active, rejected], 'ended'],
  ])('hides the page until the backend has named the user: %s', (_, sessions, state) => {
    const first = after(...sessions);
    const unnamed = next(first, { state: 'active', kind: 'password' });
    expect(unnamed).toEqual({ state, sub: 'a' });
    expect(next(unnamed, active).state).toBe('signed-in');
    expect(isOtherUser(unnamed, next(unnamed, { ...active, user: { sub: 'b' } }))).toBe(true);
  });

  it.each<[string, SessionView, GateView['state']]>([
    ['in which no one has signed in yet', { state: 'signed-out', reason: 'never' }, 'signed-out'],
    ['that the server has ended', rejected, 'signed-out'],
    ['whose user the backend has not named yet', { state: 'active', kind: 'password' }, 'restoring'],
    ['of the same user', active, 'signed-in'],
    ['that needs the user', { ...active, ...ASKED }, 'asked'],
  ])('starts again in a tab that shows another session, %s', (_, session, state) => {
    for (const first of [after(active), after(active, rejected), next(after(active), { ...active, ...ASKED })]) {
      const waiting = next(first, starting);
      expect(waiting).toEqual(first);
      expect(next(waiting, session, 'account-2')).toEqual({ state, sub: 'a', name: 'account-2' });
    }
  });

  it('detects the other user of another session, and no longer changes then', () => {
    const second = next(after(active), { ...active, user: { sub: 'b' } }, 'account-2');
    expect(isOtherUser(after(active), second)).toBe(true);
    expect(next({ state: 'leaving' }, active, 'account-2')).toEqual({ state: 'leaving' });
  });

  it('keeps the page of a named session when the server ends it', () => {
    const first = next(restoring, active, 'account-2');
    expect(next(first, rejected, 'account-2').state).toBe('ended');
  });

  it('shows a page that had no user yet before the backend has named the user', () => {
    expect(after(starting, { state: 'active', kind: 'password' }).state).toBe('signed-in');
  });

  it('stays hidden once the page reloads for another user', () => {
    expect(next({ state: 'leaving' }, active)).toEqual({ state: 'leaving' });
  });
});
