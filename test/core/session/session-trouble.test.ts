import { afterEach, describe, expect, test } from 'vitest';
import { projectSession } from '../../../src/core/session/session-view.ts';
import { generationOf } from '../../../src/core/session/session-transitions.ts';
import type { SessionState } from '../../../src/core/session/session-types.ts';
import { SESSION_POLICY } from '../../../src/core/session-policy.ts';
import { signedIn, MINUTE_MS, SECOND_MS, SETTLED_MS, untilRenewal } from '../../causes/kept.ts';
import type { InvariantChecker } from '../session-world/session-checker.ts';
import type { SimulatedWorker } from '../session-world/session-worker.ts';
import type { World } from '../session-world/session-world.ts';

let checker: InvariantChecker | undefined;

const browser = (...given: Parameters<typeof signedIn>): { world: World; worker: SimulatedWorker } => {
  const begun = signedIn(...given);
  checker = begun.checker;
  return begun;
};

const stateOf = ({ machine }: SimulatedWorker): SessionState['state'] => machine.state.state;
const generation = ({ machine }: SimulatedWorker): number => generationOf(machine.state);

/** How many token requests the world sends in a time. */
const requestsIn = (world: World, ms: number): number => {
  const before = world.provider.requestTimes.length;
  world.time.advance(ms);
  return world.provider.requestTimes.length - before;
};

afterEach(() => {
  const violations = checker?.violations ?? [];
  if (violations.length > 0) throw new Error(JSON.stringify(violations));
});

describe('a provider that needs the person', () => {
  test('keeps the tokens, asks for a sign-in, and tries again only after minutes [person-needed]', () => {
    const { world, worker } = browser();
    world.provider.mode = { kind: 'person-needed' };
    untilRenewal(world);
    expect(projectSession(worker.machine)).toMatchObject({
      state: 'sign-in-required',
      problem: { code: 'sign-in-required', status: 400, error: 'interaction_required' },
    });
    expect(world.disk.record).toMatchObject({ state: 'signed-in', session: { tokens: { refresh: 'r1' } } });
    world.time.advance(MINUTE_MS);
    const failed = world.request(worker);
    expect(world.verdicts.get(failed)).toMatchObject({ type: 'fail', problem: { code: 'sign-in-required' } });
    expect(requestsIn(world, 3 * MINUTE_MS)).toBe(0);
    expect(requestsIn(world, 2 * MINUTE_MS)).toBe(1);
  });

  test('becomes active by itself when the provider renews again', () => {
    const { world, worker } = browser();
    world.provider.mode = { kind: 'person-needed' };
    untilRenewal(world);
    world.provider.mode = { kind: 'ok' };
    world.time.advance(SESSION_POLICY.personRetryMs + SETTLED_MS);
    expect(stateOf(worker)).toBe('active');
    expect(generation(worker)).toBe(4);
  });

  test('continues over the sign-in, and revokes the former session, when the person signs in', () => {
    const { world, worker } = browser();
    world.provider.mode = { kind: 'person-needed' };
    untilRenewal(world);
    world.provider.mode = { kind: 'ok' };
    const id = world.order(worker, { type: 'sign-in', kind: 'password' });
    world.time.advance(SETTLED_MS);
    expect(world.results.get(id)).toEqual({ ok: true, value: { type: 'signed-in' } });
    expect(stateOf(worker)).toBe('active');
    expect(world.provider.families.map(({ ended }) => ended)).toEqual(['revoked', undefined]);
  });

  test('tries at once when the person asks for it, and then waits again', () => {
    const { world, worker } = browser();
    world.provider.mode = { kind: 'person-needed' };
    untilRenewal(world);
    world.dispatch(worker, { type: 'nudge', cause: 'visible' });
    world.dispatch(worker, { type: 'nudge', cause: 'user' });
    expect(requestsIn(world, MINUTE_MS)).toBe(1);
    expect(stateOf(worker)).toBe('sign-in-required');
  });

  test('takes bare refusals for that only after several tries and minutes [refusals-without-reason]', () => {
    const { world, worker } = browser();
    world.provider.mode = { kind: 'no-reason' };
    untilRenewal(world);
    world.time.advance(MINUTE_MS);
    expect(stateOf(worker)).toBe('degraded');
    world.time.advance(4 * MINUTE_MS);
    expect(projectSession(worker.machine)).toMatchObject({
      ...{ state: 'sign-in-required', problem: { code: 'sign-in-required', status: 400 } },
    });
    expect(world.disk.record).toMatchObject({ state: 'signed-in' });
  });

  test('counts the bare refusals again after another kind of failure', () => {
    const { world, worker } = browser();
    for (let round = 0; round < 6; round += 1) {
      world.provider.mode = { kind: 'no-reason' };
      world.time.advance(MINUTE_MS + (round === 0 ? 4 * MINUTE_MS : 0));
      world.provider.mode = { kind: 'status', status: 503 };
      world.time.advance(MINUTE_MS);
    }
    expect(stateOf(worker)).toBe('degraded');
  });
});

describe('a request that needs a token while the refresh fails', () => {
  const failing = (mode: World['provider']['mode']): { world: World; worker: SimulatedWorker } => {
    const begun = browser();
    begun.world.provider.mode = mode;
    begun.world.time.advance(5 * MINUTE_MS + SETTLED_MS);
    return begun;
  };

  test('waits for the next attempt, and is sent with its token [waits-for-retry]', () => {
    const { world, worker } = browser();
    world.provider.mode = { kind: 'status', status: 503 };
    const waiting = world.refuse(worker, 3);
    world.time.advance(SECOND_MS);
    expect(world.verdicts.has(waiting)).toBe(false);
    world.provider.mode = { kind: 'ok' };
    world.time.advance(5 * SECOND_MS);
    expect(world.verdicts.get(waiting)).toMatchObject({ type: 'authorized', generation: 4 });
  });

  test('fails at once when the next attempt comes after its patience', () => {
    const { world, worker } = failing({ kind: 'status', status: 429, retryAfterMs: MINUTE_MS });
    expect(world.verdicts.get(world.request(worker))).toMatchObject({
      ...{ type: 'fail', problem: { code: 'rate-limited' } },
    });
  });

  test('fails at once when the browser is offline', () => {
    const { world, worker } = failing({ kind: 'status', status: 503 });
    const { state } = worker.machine;
    if (state.state !== 'degraded') throw new Error(state.state);
    const problem = { code: 'network-unreachable', at: '/token', offline: true } as const;
    worker.machine = { ...worker.machine, state: { ...state, problem, nextTryAt: world.now() + SECOND_MS } };
    expect(world.verdicts.get(world.request(worker))).toMatchObject({ type: 'fail', problem });
  });

  test('starts no attempt of its own, however many there are [requests-keep-backoff]', () => {
    const quiet = failing({ kind: 'status', status: 503 });
    const alone = requestsIn(quiet.world, MINUTE_MS);
    const { world, worker } = failing({ kind: 'status', status: 503 });
    const before = world.provider.requestTimes.length;
    for (let at = 0; at < MINUTE_MS; at += SECOND_MS / 4) {
      world.request(worker);
      world.time.advance(SECOND_MS / 4);
    }
    expect(world.provider.requestTimes.length - before).toBeLessThanOrEqual(alone + 8);
  });
});

describe('a 401 for one request', () => {
  test('stops no other request whose token is good, even while the provider fails [one-401-one-request]', () => {
    const { world, worker } = browser();
    world.provider.mode = { kind: 'status', status: 503 };
    const refused = world.refuse(worker, 3);
    for (let at = 0; at < 10; at += 1) {
      world.time.advance(SECOND_MS);
      expect(world.verdicts.get(world.request(worker))).toMatchObject({ type: 'authorized', generation: 3 });
    }
    expect(world.verdicts.has(refused)).toBe(false);
  });

  test('goes to the caller without a refresh when it is about something else [401-of-another-kind]', () => {
    const { world, worker } = browser();
    expect(world.verdicts.get(world.refuse(worker, 3, 'other'))).toEqual({ type: 'passThrough' });
    expect(requestsIn(world, SETTLED_MS)).toBe(0);
  });

  test('goes to the caller after one check when the backend still accepts the token [unclear-401-checked]', () => {
    const { world, worker } = browser();
    const refused = world.refuse(worker, 3, 'unclear');
    expect(world.verdicts.has(refused)).toBe(false);
    expect(requestsIn(world, SETTLED_MS)).toBe(0);
    expect(world.verdicts.get(refused)).toEqual({ type: 'passThrough' });
  });

  test('leads to one refresh and a replay when the check fails', () => {
    const { world, worker } = browser();
    world.provider.expireAccess();
    const ids = Array.from({ length: 9 }, () => world.refuse(worker, 3, 'unclear'));
    expect(requestsIn(world, SETTLED_MS)).toBe(1);
    for (const id of ids) expect(world.verdicts.get(id)).toMatchObject({ type: 'authorized', generation: 4 });
  });

  test('starts no second refresh when the backend refused the token of the first one too [refused-again]', () => {
    const { world, worker } = browser();
    world.refusesAll = true;
    world.provider.expireAccess();
    world.refuse(worker, 3);
    world.time.advance(SETTLED_MS);
    world.provider.expireAccess();
    world.dispatch(worker, { type: 'refused-again', generation: generation(worker) });
    world.time.advance(SETTLED_MS);
    const ids = Array.from({ length: 9 }, () => world.refuse(worker, generation(worker)));
    expect(requestsIn(world, 10 * SECOND_MS)).toBe(0);
    for (const id of ids) expect(world.verdicts.get(id)).toEqual({ type: 'passThrough' });
    expect(projectSession(worker.machine)).toMatchObject({
      ...{ state: 'active', problem: { code: 'token-refused', at: '/whoami', status: 401 } },
    });
  });
});

describe('a session without a refresh token', () => {
  test('asks for the person, keeps the token, and continues by itself when the backend accepts it again', () => {
    const { world, worker } = browser({ refreshable: false, accessMs: 60 * MINUTE_MS });
    const accepts = world.provider.accepts.bind(world.provider);
    world.provider.accepts = () => false;
    const refused = world.refuse(worker, 3);
    world.time.advance(SETTLED_MS);
    expect(world.verdicts.get(refused)).toEqual({ type: 'passThrough' });
    expect(projectSession(worker.machine)).toMatchObject({
      ...{ state: 'sign-in-required', problem: { code: 'token-refused' } },
    });
    expect(world.verdicts.get(world.request(worker))).toMatchObject({ type: 'authorized' });
    world.provider.accepts = accepts;
    world.time.advance(SESSION_POLICY.personRetryMs + SETTLED_MS);
    expect(stateOf(worker)).toBe('active');
  });
});

describe('a check that a proxy in front redirects', () => {
  test('ends no session, starts no refresh, and shows the problem until the backend has answered [redirected-check]', () => {
    const { world, worker } = browser();
    world.redirects = true;
    world.dispatch(worker, { type: 'tab-arrived' });
    expect(requestsIn(world, 2 * MINUTE_MS)).toBe(0);
    expect(projectSession(worker.machine)).toMatchObject({
      ...{ state: 'active', problem: { code: 'redirect-refused', at: '/whoami' } },
    });
    expect(world.verdicts.get(world.request(worker))).toMatchObject({ type: 'authorized' });
    untilRenewal(world);
    expect(projectSession(worker.machine)).toMatchObject({ problem: { code: 'redirect-refused' } });
    world.redirects = false;
    world.time.advance(2 * MINUTE_MS);
    expect(projectSession(worker.machine)).toMatchObject({ state: 'active', problem: undefined });
  });
});

describe('sign-ins at once', () => {
  test('all succeed, and the one that began last stays [five-sign-ins]', () => {
    const { world, worker } = browser({ disk: 'empty' });
    const ids = Array.from({ length: 5 }, () => world.order(worker, { type: 'sign-in', kind: 'password' }));
    world.time.advance(5 * SECOND_MS);
    for (const id of ids) expect(world.results.get(id)).toEqual({ ok: true, value: { type: 'signed-in' } });
    expect(stateOf(worker)).toBe('active');
    const alive = world.provider.families.filter(({ ended }) => ended === undefined);
    expect(alive).toHaveLength(1);
  });
});
