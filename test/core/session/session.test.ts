import { afterEach, describe, expect, test } from 'vitest';
import { generationOf } from '../../../src/core/session/session-transitions.ts';
import type { SessionState } from '../../../src/core/session/session-types.ts';
import { SESSION_POLICY } from '../../../src/core/session-policy.ts';
import { begin, heal, type History } from '../session-world/session-histories.ts';
import type { InvariantChecker } from '../session-world/session-checker.ts';
import type { SimulatedWorker } from '../session-world/session-worker.ts';
import { TOKEN_ENDPOINT } from '../session-world/session-provider.ts';
import type { World } from '../session-world/session-world.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Longer than one refresh, sign-in or sign-out takes. */
const SETTLED_MS = 2 * SECOND_MS;

let checker: InvariantChecker | undefined;

/** A browser with a session, unless `history` says otherwise. */
const browser = (history: Partial<History> = {}): { world: World; worker: SimulatedWorker } => {
  const usual = {
    seed: 1,
    grace: 'until-used',
    accessMs: 5 * MINUTE_MS,
    lifetimeMs: undefined,
    refreshable: true,
  } as const;
  const begun = begin({ ...usual, disk: 'session', ops: [], ...history });
  checker = begun.checker;
  begun.world.time.advance(SETTLED_MS);
  return { world: begun.world, worker: here(begun.world) };
};

const here = (world: World): SimulatedWorker => {
  const worker = world.workerIn('old');
  if (!worker) throw new Error('No worker is alive.');
  return worker;
};

const at = <Name extends SessionState['state']>(
  worker: SimulatedWorker,
  name: Name,
): SessionState & { state: Name } => {
  const { state } = worker.machine;
  if (state.state !== name) throw new Error(`${state.state}, not ${name}`);
  return state as SessionState & { state: Name };
};

const restart = (world: World, worker: SimulatedWorker): SimulatedWorker => {
  world.kill(worker);
  world.time.advance(SETTLED_MS);
  return here(world);
};

/** Advances to the time of the early refresh. */
const untilRenewal = (world: World): void => world.time.advance(4 * MINUTE_MS + SETTLED_MS);

afterEach(() => {
  const violations = checker?.violations ?? [];
  if (violations.length > 0) throw new Error(JSON.stringify(violations));
});

describe('the three reasons for the end of a session', () => {
  test('reports a sign-out after the disk has it, and revokes the tokens', () => {
    const { world, worker } = browser();
    const id = world.order(worker, { type: 'sign-out' });
    expect(at(worker, 'signed-out').reason).toBe('user');
    expect(world.results.has(id)).toBe(false);
    world.time.advance(SETTLED_MS);
    expect(world.results.get(id)).toEqual({ ok: true, value: null });
    expect(world.disk.record).toMatchObject({ state: 'signed-out', reason: 'user' });
    expect(world.provider.families[0]?.ended).toBe('revoked');
  });

  test('says after a sign-out, and after a restart, that the server did not end the tokens [revocation-refused-shown]', () => {
    const { world, worker } = browser();
    world.order(worker, { type: 'sign-out' });
    world.time.advance(SETTLED_MS);
    const problem = { code: 'revocation-refused', at: '/revoke', status: 401, error: 'invalid_client' } as const;
    world.dispatch(worker, { type: 'revocation-refused', problem });
    world.time.advance(SETTLED_MS);
    expect(at(restart(world, worker), 'signed-out')).toMatchObject({ reason: 'user', problem });
  });

  test('says nothing of a refused revocation while someone is signed in', () => {
    const { world, worker } = browser();
    const before = worker.machine;
    world.dispatch(worker, { type: 'revocation-refused', problem: { code: 'revocation-refused', at: '/revoke' } });
    expect(worker.machine).toEqual(before);
  });

  test('signs out with the problem when the token endpoint answers `invalid_grant` for the current token [invalid-grant]', () => {
    const { world, worker } = browser();
    for (const family of world.provider.families) family.ended = 'revoked';
    untilRenewal(world);
    const problem = { code: 'grant-rejected', at: TOKEN_ENDPOINT, status: 400, error: 'invalid_grant' };
    expect(at(worker, 'signed-out')).toMatchObject({ reason: 'rejected', kind: 'password', problem });
  });

  test('signs out when the declared lifetime ends and the provider confirms it', () => {
    const { world, worker } = browser({ lifetimeMs: 20 * MINUTE_MS });
    world.time.advance(19 * MINUTE_MS);
    at(worker, 'active');
    world.time.advance(MINUTE_MS);
    expect(at(worker, 'signed-out')).toMatchObject({ reason: 'expired', problem: { code: 'lifetime-over' } });
  });
});

describe('faults that do not end the session', () => {
  test('keeps the session when the clock jumps past the declared lifetime and the provider still refreshes [clock-past-lifetime]', () => {
    const { world, worker } = browser({ lifetimeMs: 20 * MINUTE_MS });
    world.skewMs = DAY_MS;
    world.request(worker);
    world.time.advance(SETTLED_MS);
    expect(generationOf(at(worker, 'active'))).toBe(4);
  });

  test('sends the token and refreshes it in time when the clock goes back a day', () => {
    const { world, worker } = browser();
    world.skewMs = -DAY_MS;
    expect(world.verdicts.get(world.request(worker))).toMatchObject({ type: 'authorized', generation: 3 });
    untilRenewal(world);
    expect(generationOf(at(worker, 'active'))).toBe(4);
  });

  test('holds requests, then sends them without a token, and loads the session later when the store is unreadable for a time [store-unreadable]', () => {
    const { world, worker } = browser();
    world.disk.readable = false;
    world.kill(worker);
    const blind = here(afterMoment(world));
    const waiting = world.request(blind);
    world.time.advance(2 * SECOND_MS);
    expect(world.verdicts.has(waiting)).toBe(false);
    world.time.advance(5 * SECOND_MS);
    expect(world.verdicts.get(waiting)).toEqual({ type: 'anonymous' });
    expect(blind.machine.durability).toBe('memory');
    expect(at(blind, 'signed-out')).toMatchObject({ reason: 'never', problem: { code: 'store-unavailable' } });
    world.disk.readable = true;
    world.time.advance(5 * SECOND_MS);
    expect(generationOf(at(blind, 'active'))).toBe(3);
    expect(blind.machine.durability).toBe('disk');
  });

  test('sends requests with the current token when an early refresh fails [early-refresh-fails]', () => {
    const { world, worker } = browser();
    world.provider.mode = { kind: 'status', status: 503 };
    untilRenewal(world);
    at(worker, 'degraded');
    expect(world.verdicts.get(world.request(worker))).toMatchObject({ type: 'authorized', generation: 3 });
    world.provider.mode = { kind: 'ok' };
    world.time.advance(10 * SECOND_MS);
    expect(generationOf(at(worker, 'active'))).toBe(4);
  });
});

const afterMoment = (world: World): World => {
  world.time.advance(1);
  return world;
};

describe('a 401 of the backend', () => {
  test('refreshes once and replays each request when fifty requests get 401 [fifty-401]', () => {
    const { world, worker } = browser();
    world.provider.expireAccess();
    const asked = Array.from({ length: 50 }, () => world.refuse(worker, 3));
    world.time.advance(SETTLED_MS);
    expect(world.provider.requestTimes).toHaveLength(1);
    for (const id of asked) expect(world.verdicts.get(id)).toMatchObject({ type: 'authorized', generation: 4 });
  });

  test('replays a request at once, without a refresh, when its token was the previous one', () => {
    const { world, worker } = browser();
    expect(world.verdicts.get(world.refuse(worker, 2))).toMatchObject({ type: 'authorized', generation: 3 });
    expect(at(worker, 'active').session.generation).toBe(3);
  });

  test('passes the 401 to callers and limits the refreshes when the backend rejects each token', () => {
    const { world, worker } = browser();
    world.refusesAll = true;
    const last = Array.from({ length: 60 }, () => {
      const id = world.request(worker);
      world.time.advance(SECOND_MS);
      return `${id}!`;
    }).at(-1);
    expect(world.verdicts.get(last ?? '')).toEqual({ type: 'passThrough' });
    expect(world.provider.requestTimes.length).toBeLessThanOrEqual(18);
    at(worker, 'active');
  });
});

describe('a provider that fails', () => {
  test('waits for the pause of a 429, even when the user asks for a retry [pause-of-429]', () => {
    const { world, worker } = browser();
    world.provider.mode = { kind: 'status', status: 429, retryAfterMs: 20 * SECOND_MS };
    world.refuse(worker, 3);
    world.time.advance(SETTLED_MS);
    const { nextTryAt } = at(worker, 'degraded');
    for (; world.now() < nextTryAt - SECOND_MS; world.time.advance(SECOND_MS)) {
      const stopped = world.verdicts.get(world.refuse(worker, 3));
      const isTooLong = nextTryAt - world.now() > SESSION_POLICY.patienceMs;
      expect(stopped?.type).toBe(isTooLong ? 'fail' : undefined);
      for (const cause of ['online', 'user'] as const) world.dispatch(worker, { type: 'nudge', cause });
    }
    expect(world.provider.requestTimes).toHaveLength(1);
    world.provider.mode = { kind: 'ok' };
    world.time.advance(SETTLED_MS);
    at(worker, 'active');
  });

  test('limits the pause to five minutes when Retry-After is a year', () => {
    const { world, worker } = browser();
    world.provider.mode = { kind: 'status', status: 503, retryAfterMs: 365 * DAY_MS };
    world.refuse(worker, 3);
    world.time.advance(SETTLED_MS);
    const pauseMs = at(worker, 'degraded').nextTryAt - world.now();
    expect(pauseMs).toBeGreaterThan(4 * MINUTE_MS);
    expect(pauseMs).toBeLessThanOrEqual(5 * MINUTE_MS);
  });

  test('uses tokens once and refreshes at most once a second when `expires_in` is 0 [tokens-over-at-once]', () => {
    const { world, worker } = browser({ accessMs: 0 });
    const start = world.provider.requestTimes.length;
    const ids = Array.from({ length: 30 }, () => {
      const id = world.request(worker);
      world.time.advance(SECOND_MS / 3);
      return id;
    });
    world.time.advance(SETTLED_MS);
    for (const id of ids) expect(world.verdicts.get(id)).toMatchObject({ type: 'authorized' });
    expect(world.provider.requestTimes.length - start).toBeLessThanOrEqual(11);
  });

  test('sends the same token again when the answer is lost', () => {
    const { world, worker } = browser();
    world.toLose = 1;
    world.refuse(worker, 3);
    world.time.advance(10 * SECOND_MS);
    expect(world.provider.requestTimes).toHaveLength(2);
    expect(generationOf(at(worker, 'active'))).toBe(4);
  });

  test('signs out with "answer-lost" when an answer is lost and the provider has no grace period [answer-lost]', () => {
    const { world, worker } = browser({ grace: 0 });
    world.toLose = 1;
    world.refuse(worker, 3);
    world.time.advance(10 * SECOND_MS);
    expect(at(worker, 'signed-out')).toMatchObject({
      reason: 'rejected',
      problem: { code: 'answer-lost', status: 400 },
    });
  });

  test('keeps the new refresh token and the current access token when the answer has only a refresh token', () => {
    const { world, worker } = browser();
    world.provider.mode = { kind: 'only-refresh' };
    untilRenewal(world);
    expect(at(worker, 'degraded').problem).toMatchObject({ code: 'unexpected-answer' });
    expect(world.verdicts.get(world.request(worker))).toMatchObject({ type: 'authorized' });
    heal(world);
    at(worker, 'active');
  });
});

describe('while starting', () => {
  test('replaces the session on disk, and revokes it after saving the new one, when the user signs in before the load', () => {
    const { world, worker } = browser();
    world.disk.slowMs = 500;
    world.kill(worker);
    const restarted = here(afterMoment(world));
    const id = world.order(restarted, { type: 'sign-in', kind: 'password' });
    world.time.advance(2 * SETTLED_MS);
    expect(world.results.get(id)).toEqual({ ok: true, value: { type: 'signed-in' } });
    expect(at(restarted, 'active').session.tokens.refresh).not.toBe('r1');
    expect(world.provider.families.map(({ ended }) => ended)).toEqual(['revoked', undefined]);
    expect(generationOf(at(restart(world, restarted), 'active'))).toBe(generationOf(restarted.machine.state));
  });

  test('ends the session on disk when the user signs out before the load', () => {
    const { world, worker } = browser();
    world.disk.slowMs = 500;
    world.kill(worker);
    const restarted = here(afterMoment(world));
    const id = world.order(restarted, { type: 'sign-out' });
    world.time.advance(2 * SETTLED_MS);
    expect(world.results.get(id)).toEqual({ ok: true, value: null });
    expect(at(restart(world, restarted), 'signed-out').reason).toBe('user');
  });
});

describe('the sign-in method `ticket`', () => {
  test('sends requests without a token, passes a 401 on, and checks the session with the backend', () => {
    const { world, worker } = browser({ disk: 'empty' });
    world.order(worker, { type: 'sign-in', kind: 'ticket' });
    world.time.advance(SETTLED_MS);
    expect(world.verdicts.get(world.request(worker))).toMatchObject({ type: 'anonymous' });
    expect(world.verdicts.get(world.refuse(worker, generationOf(worker.machine.state)))).toEqual({
      type: 'passThrough',
    });
    world.time.advance(SETTLED_MS);
    at(worker, 'active');
    if (world.cookie) world.cookie.ended = 'revoked';
    world.refuse(worker, generationOf(worker.machine.state));
    world.time.advance(SETTLED_MS);
    expect(at(worker, 'signed-out')).toMatchObject({ reason: 'rejected', problem: { status: 401 } });
    expect(world.provider.requestTimes).toHaveLength(0);
  });

  test('keeps the new cookie session when the user signs in twice', () => {
    const { world, worker } = browser({ disk: 'empty' });
    for (let time = 0; time < 2; time++) {
      world.order(worker, { type: 'sign-in', kind: 'ticket' });
      world.time.advance(SETTLED_MS);
    }
    world.dispatch(worker, { type: 'tab-arrived' });
    world.time.advance(SETTLED_MS);
    at(worker, 'active');
    expect(world.cookie?.ended).toBeUndefined();
  });
});

describe('other workers and restarts', () => {
  test('still shows why the session ended after a restart', () => {
    const { world, worker } = browser();
    for (const family of world.provider.families) family.ended = 'revoked';
    untilRenewal(world);
    const before = at(worker, 'signed-out');
    expect(at(restart(world, worker), 'signed-out')).toEqual(before);
  });

  test('sends one token request when two workers have the same expired token [two-workers-one-request]', () => {
    const { world, worker } = browser();
    const waiting = world.start('waiting');
    world.time.advance(SETTLED_MS);
    world.provider.expireAccess();
    const ids = [world.refuse(worker, 3), world.refuse(waiting, 3)];
    world.time.advance(SETTLED_MS);
    expect(world.provider.requestTimes).toHaveLength(1);
    for (const id of ids) expect(world.verdicts.get(id)).toMatchObject({ type: 'authorized', generation: 4 });
  });

  test('adopts a sign-in of another worker when this worker is signed out', () => {
    const { world, worker } = browser();
    world.order(worker, { type: 'sign-out' });
    world.time.advance(MINUTE_MS);
    const waiting = world.start('waiting');
    world.time.advance(SETTLED_MS);
    world.order(waiting, { type: 'sign-in', kind: 'password' });
    world.time.advance(SETTLED_MS);
    world.kill(waiting);
    expect(at(worker, 'signed-out').reason).toBe('user');
    world.dispatch(worker, { type: 'restored' });
    const id = world.request(worker);
    world.time.advance(SETTLED_MS);
    expect(at(worker, 'active').session.generation).toBe(generationOf(waiting.machine.state));
    expect(world.verdicts.get(id)).toMatchObject({ type: 'authorized' });
  });

  test.each(['sign-in', 'sign-out'] as const)('takes the %s of another worker when it announces a change', (type) => {
    const { world, worker } = browser();
    const other = world.start('waiting');
    world.time.advance(SETTLED_MS);
    if (type === 'sign-in') {
      for (const each of [worker, other]) world.order(each, { type: 'sign-out' });
      world.time.advance(SETTLED_MS);
      world.order(other, { type, kind: 'password' });
    } else world.order(other, { type });
    world.time.advance(SETTLED_MS);
    world.dispatch(worker, { type: 'record-changed' });
    world.time.advance(SETTLED_MS);
    expect(generationOf(worker.machine.state)).toBe(generationOf(other.machine.state));
    expect(worker.machine.state.state).toBe(type === 'sign-in' ? 'active' : 'signed-out');
  });

  test('reads the disk once more when a change is announced during its first read', () => {
    const { world, worker } = browser();
    const other = world.start('waiting');
    world.dispatch(other, { type: 'record-changed' });
    const id = world.request(other);
    world.time.advance(SETTLED_MS);
    expect(world.verdicts.get(id)).toMatchObject({ type: 'authorized' });
    expect(generationOf(other.machine.state)).toBe(generationOf(worker.machine.state));
  });

  test('stays signed out when a page offers a copy from before the sign-out', () => {
    const { world, worker } = browser();
    const before = world.disk.record;
    world.order(worker, { type: 'sign-out' });
    world.time.advance(SETTLED_MS);
    const left = at(worker, 'signed-out');
    world.disk.record = before;
    world.dispatch(worker, { type: 'restored' });
    world.time.advance(SETTLED_MS);
    expect(at(worker, 'signed-out')).toEqual(left);
  });

  test('stays signed out when the sign-out could not replace the record on disk yet', () => {
    const { world, worker } = browser();
    world.disk.writable = false;
    world.order(worker, { type: 'sign-out' });
    world.time.advance(SETTLED_MS);
    world.dispatch(worker, { type: 'restored' });
    world.time.advance(SETTLED_MS);
    expect(at(worker, 'signed-out').reason).toBe('user');
    world.disk.writable = true;
    world.time.advance(MINUTE_MS);
    expect(world.disk.record).toMatchObject({ state: 'signed-out', reason: 'user' });
  });

  test('stays signed out when one worker signs out during a refresh of the other', () => {
    const { world, worker } = browser();
    const waiting = world.start('waiting');
    world.time.advance(SETTLED_MS);
    world.refuse(worker, 3);
    world.order(waiting, { type: 'sign-out' });
    world.time.advance(10 * SECOND_MS);
    expect(at(worker, 'signed-out').reason).toBe('user');
    expect(world.disk.record).toMatchObject({ state: 'signed-out', reason: 'user' });
  });
});
