import { expect, test } from 'vitest';
import { initialMachine, stepSession } from '../../../src/core/session/session.ts';
import { SESSION_POLICY } from '../../../src/core/session-policy.ts';
import { applyGrant } from '../../../src/core/session/session-transitions.ts';
import type { SessionEvent, SessionMachine, SessionEffect } from '../../../src/core/session/session-types.ts';
import { judgeTokenAnswer } from '../../../src/core/token-endpoint/token-response.ts';

const DAY_MS = 86_400_000;

/** A worker with the session that this answer of a sign-in gives. Laravel Sanctum and Django answer so. */
const signedInWith = (body: object) => {
  const answer = { at: '/login', status: 200, text: JSON.stringify(body), retryAfterMs: undefined, receivedAt: 0 };
  const verdict = judgeTokenAnswer(answer, 'Bearer');
  if (verdict.type !== 'granted') throw new Error(JSON.stringify(verdict));
  const session = applyGrant({ kind: 'password', generation: 0, tokens: {}, startedAt: 0 }, verdict.grant, 0);
  let machine: SessionMachine = initialMachine;
  const dispatch = (event: SessionEvent, now: number): readonly SessionEffect[] => {
    const step = stepSession(machine, event, { now, chance: 0.5 }, SESSION_POLICY);
    machine = step.machine;
    return step.effects;
  };
  dispatch({ type: 'started' }, 0);
  dispatch({ type: 'loaded', call: 1, saved: { state: 'signed-in', session } }, 0);
  return {
    dispatch,
    get state() {
      return machine.state.state;
    },
  };
};

test.each([DAY_MS, 400 * DAY_MS])(
  'keeps a session whose token has neither a declared end nor a refresh token, after %d ms [no-declared-end]',
  (later) => {
    const worker = signedInWith({ access_token: '7|a!b' });
    for (const event of [{ type: 'tick' }, { type: 'nudge', cause: 'visible' }, { type: 'tab-arrived' }] as const)
      worker.dispatch(event, later);
    expect(worker.state).toBe('active');
    expect(worker.dispatch({ type: 'request', id: 'r1' }, later)).toContainEqual(
      expect.objectContaining({
        type: 'answer',
        verdict: expect.objectContaining({
          type: 'authorized',
          token: expect.objectContaining({ value: '7|a!b' }) as unknown,
        }) as unknown,
      }),
    );
  },
);

test('ends a session without a refresh token when its declared end has come', () => {
  const worker = signedInWith({ access_token: 'a', expires_in: 3_600 });
  worker.dispatch({ type: 'tick' }, DAY_MS);
  expect(worker.state).toBe('signed-out');
});
