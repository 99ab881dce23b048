import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { continuitySince, withDisruption, projectSession } from '../../../src/core/session/session-view.ts';
import { initialMachine } from '../../../src/core/session/session.ts';
import type { SessionMachine, Session, SessionState } from '../../../src/core/session/session-types.ts';
import { begin, histories } from '../session-world/session-histories.ts';
import { apply } from '../session-world/session-ops.ts';

const NOW = 1_750_000_000_000;
const session: Session = {
  kind: 'oidc',
  generation: 7,
  startedAt: NOW - 3,
  endsAt: NOW + 9,
  user: { sub: 'demo', name: 'Demo' },
  tokens: {
    access: { value: 'ACCESS', scheme: 'DPoP', issuedAt: NOW, expiresAt: NOW + 5 },
    refresh: 'REFRESH',
    key: 'KEY',
  },
};
const known = {
  kind: 'oidc',
  user: { sub: 'demo', name: 'Demo' },
  accessExpiresAt: NOW + 5,
  accessIssuedAt: NOW,
  signedInAt: NOW - 3,
  verifiedAt: NOW + 1,
  endsAt: NOW + 9,
};
const problem = { code: 'server-unavailable', at: '/token', status: 503 } as const;
const left = { state: 'signed-out', generation: 7, reason: 'rejected', kind: 'oidc', problem } as const;
const common = { session, call: 1, waiting: [] } as const;

const view = (state: SessionState, change: Partial<SessionMachine> = {}) =>
  projectSession({ ...initialMachine, verifiedAt: NOW + 1, state, ...change });

describe('the session in the snapshot', () => {
  test.each<[SessionState]>([
    [{ state: 'starting', call: 1, attempt: 0, waiting: [] }],
    [{ state: 'establishing', next: session, former: [], call: 1, ids: [], waiting: [] }],
  ])('shows "starting" when the state is $state', (state) => {
    expect(view(state)).toEqual({ state: 'starting' });
  });

  test('shows the user and the times when the session is active', () => {
    expect(view({ state: 'active', session })).toEqual({ state: 'active', ...known });
  });

  test.each<[SessionState]>([
    [{ state: 'refreshing', step: 'requesting', ...common }],
    [{ state: 'saving', next: { ...session, generation: 8 }, ...common }],
    [{ state: 'ending', left, ...common }],
  ])('shows "refreshing" when the state is $state', (state) => {
    expect(view(state)).toEqual({ state: 'refreshing', ...known });
  });

  test('shows the problem and the next attempt when the session is degraded', () => {
    const degraded = {
      state: 'degraded',
      session,
      attempt: 3,
      waiting: [],
      failedAt: NOW,
      nextTryAt: NOW + 4,
      problem,
    } as const;
    expect(view(degraded)).toEqual({ state: 'degraded', nextTryAt: NOW + 4, attempt: 3, problem, ...known });
  });

  test('shows the reason and the problem when the session is signed out', () => {
    expect(view(left)).toEqual({ state: 'signed-out', reason: 'rejected', kind: 'oidc', problem, endedBy: problem });
  });

  test('puts a failed sign-in first, and keeps the evidence of the end, when a callback failed [sign-in-outranks]', () => {
    const signInProblem = { code: 'timeout', at: '/token' } as const;
    const shown = { problem: signInProblem, signInProblem, endedBy: problem };
    expect(view(left, { signInProblem })).toMatchObject(shown);
    expect(view({ state: 'active', session }, { signInProblem })).toMatchObject({ signInProblem });
  });

  test('keeps the trouble, and the dialog of a page, while the next attempt runs', () => {
    const failure = { attempt: 3, failedAt: NOW, nextTryAt: NOW + 4, problem };
    const refreshing = { state: 'refreshing', step: 'requesting', ...common } as const;
    expect(view({ ...refreshing, failed: { state: 'degraded', ...failure } })).toMatchObject({
      ...{ state: 'refreshing', problem, attempt: 3 },
    });
    const asked = { state: 'sign-in-required', problem, nextTryAt: NOW + 4, attempt: 3 };
    expect(view({ ...refreshing, failed: { state: 'sign-in-required', ...failure } })).toMatchObject(asked);
    expect(view({ state: 'sign-in-required', session, ...failure })).toMatchObject(asked);
  });

  test('shows "starting" when the code exchange runs after the return from the provider', () => {
    const signIn = { call: 2, id: undefined, kind: 'oidc' } as const;
    expect(view(left, { signIns: [{ ...signIn, callback: true }] })).toEqual({ state: 'starting' });
    expect(view(left, { signIns: [{ ...signIn, callback: false }] })).toMatchObject({ state: 'signed-out' });
  });

  test('never shows a token, in each state of each history (invariant 11)', () => {
    const holds = fc.property(histories(), (history) => {
      const { world } = begin(history);
      for (const op of history.ops) {
        apply(world, op);
        for (const { machine } of world.workers) {
          const shown = JSON.stringify(projectSession(machine));
          const { state } = machine;
          const tokens = ['session', 'next'].flatMap((name) => (name in state ? tokensOf(state, name) : []));
          for (const token of tokens) expect(shown).not.toContain(`"${token}"`);
        }
      }
    });
    fc.assert(holds, { seed: 1, numRuns: 500 });
  });
});

const tokensOf = (state: SessionState, name: string): readonly string[] => {
  const { access, refresh } = (
    name === 'next' && 'next' in state ? state.next : 'session' in state ? state.session : session
  ).tokens;
  return [access?.value, refresh].filter((token) => token !== undefined);
};

describe('the counts of what a session survived', () => {
  test('counts each kind of event, with the start time', () => {
    const once = withDisruption(withDisruption(continuitySince(NOW), 'reloads'), 'refreshes');
    expect(once).toEqual({ since: NOW, reloads: 1, workerRestarts: 0, networkLosses: 0, refreshes: 1 });
    expect(withDisruption(once, 'reloads').reloads).toBe(2);
  });

  test('does not change the earlier counts', () => {
    const before = continuitySince(NOW);
    withDisruption(before, 'workerRestarts');
    expect(before.workerRestarts).toBe(0);
  });
});
