import { afterEach, describe, expect, test } from 'vitest';
import { generationOf } from '../../../src/core/session/session-transitions.ts';
import type { SessionState } from '../../../src/core/session/session-types.ts';
import { begin, heal, type History } from '../session-world/session-histories.ts';
import type { InvariantChecker } from '../session-world/session-checker.ts';
import type { SimulatedWorker } from '../session-world/session-worker.ts';
import { TOKEN_ENDPOINT } from '../session-world/session-provider.ts';
import type { World } from '../session-world/session-world.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Longer than all that one refresh, sign-in or sign-out does. */
const SETTLED_MS = 2 * SECOND_MS;

let checker: InvariantChecker | undefined;

/** A browser in which someone is signed in, unless told otherwise. */
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
  if (!worker) throw new Error('nobody workers');
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

/** Far enough that the access token is about to be renewed. */
const untilRenewal = (world: World): void => world.time.advance(4 * MINUTE_MS + SETTLED_MS);

afterEach(() => {
  const violations = checker?.violations ?? [];
  if (violations.length > 0) throw new Error(JSON.stringify(violations));
});

describe('the three reasons of an end', () => {
  test('the user: told when the disk knows, and the provider hears of it', () => {
    const { world, worker } = browser();
    const id = world.order(worker, { type: 'sign-out' });
    expect(at(worker, 'signed-out').reason).toBe('user');
    expect(world.results.has(id)).toBe(false);
    world.time.advance(SETTLED_MS);
    expect(world.results.get(id)).toEqual({ ok: true, value: null });
    expect(world.disk.record).toMatchObject({ state: 'signed-out', reason: 'user' });
    expect(world.provider.families[0]?.ended).toBe('revoked');
  });

  test('the token endpoint: `invalid_grant` for the current token, with the evidence [invalid-grant]', () => {
    const { world, worker } = browser();
    for (const family of world.provider.families) family.ended = 'revoked';
    untilRenewal(world);
    const problem = { code: 'grant-rejected', at: TOKEN_ENDPOINT, status: 400, error: 'invalid_grant' };
    expect(at(worker, 'signed-out')).toMatchObject({ reason: 'rejected', kind: 'password', problem });
  });

  test('the declared lifetime, as soon as the provider confirms it', () => {
    const { world, worker } = browser({ lifetimeMs: 20 * MINUTE_MS });
    world.time.advance(19 * MINUTE_MS);
    at(worker, 'active');
    world.time.advance(MINUTE_MS);
    expect(at(worker, 'signed-out')).toMatchObject({ reason: 'expired', problem: { code: 'lifetime-over' } });
  });
});

describe('what ends nothing', () => {
  test('a clock that jumps over the declared lifetime: the provider knows better [clock-past-lifetime]', () => {
    const { world, worker } = browser({ lifetimeMs: 20 * MINUTE_MS });
    world.skewMs = DAY_MS;
    world.request(worker);
    world.time.advance(SETTLED_MS);
    expect(generationOf(at(worker, 'active'))).toBe(4);
  });

  test('a clock that goes back a day: the token is still sent, and renewed at its time', () => {
    const { world, worker } = browser();
    world.skewMs = -DAY_MS;
    expect(world.verdicts.get(world.request(worker))).toMatchObject({ type: 'authorized', generation: 3 });
    untilRenewal(world);
    expect(generationOf(at(worker, 'active'))).toBe(4);
  });

  test('a store that cannot be read: everyone waits, then goes bare; once it can be read, the session is there [store-unreadable]', () => {
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

  test('an early refresh that fails: requests go on with the token that is good [early-refresh-fails]', () => {
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

describe('401', () => {
  test('fifty of them for one token cause one refresh, and each is replayed [fifty-401]', () => {
    const { world, worker } = browser();
    world.provider.expireAccess();
    const asked = Array.from({ length: 50 }, () => world.refuse(worker, 3));
    world.time.advance(SETTLED_MS);
    expect(world.provider.asked).toHaveLength(1);
    for (const id of asked) expect(world.verdicts.get(id)).toMatchObject({ type: 'authorized', generation: 4 });
  });

  test('one for the token before is replayed at once, without a refresh', () => {
    const { world, worker } = browser();
    expect(world.verdicts.get(world.refuse(worker, 2))).toMatchObject({ type: 'authorized', generation: 3 });
    expect(at(worker, 'active').session.generation).toBe(3);
  });

  test('always, whatever it is shown: the callers get it, the provider is spared', () => {
    const { world, worker } = browser();
    world.refusesAll = true;
    const last = Array.from({ length: 60 }, () => {
      const id = world.request(worker);
      world.time.advance(SECOND_MS);
      return `${id}!`;
    }).at(-1);
    expect(world.verdicts.get(last ?? '')).toEqual({ type: 'passThrough' });
    expect(world.provider.asked.length).toBeLessThanOrEqual(18);
    at(worker, 'active');
  });
});

describe('a provider that cannot be asked', () => {
  test('429: its pause is kept, by those who wait and by those who press the button [pause-of-429]', () => {
    const { world, worker } = browser();
    world.provider.mode = { kind: 'status', status: 429, retryAfterMs: 20 * SECOND_MS };
    world.refuse(worker, 3);
    world.time.advance(SETTLED_MS);
    const { nextTryAt } = at(worker, 'degraded');
    for (; world.now() < nextTryAt - SECOND_MS; world.time.advance(SECOND_MS)) {
      const stopped = world.verdicts.get(world.request(worker));
      expect(stopped).toMatchObject({ type: 'fail', problem: { code: 'rate-limited' } });
      for (const cause of ['online', 'user'] as const) world.dispatch(worker, { type: 'nudge', cause });
    }
    expect(world.provider.asked).toHaveLength(1);
    world.provider.mode = { kind: 'ok' };
    world.time.advance(SETTLED_MS);
    at(worker, 'active');
  });

  test('a pause that nobody can mean is cut to five minutes', () => {
    const { world, worker } = browser();
    world.provider.mode = { kind: 'status', status: 503, retryAfterMs: 365 * DAY_MS };
    world.refuse(worker, 3);
    world.time.advance(SETTLED_MS);
    expect(at(worker, 'degraded').nextTryAt - world.now()).toBeLessThanOrEqual(5 * MINUTE_MS);
  });

  test('tokens that are over at once (`expires_in: 0`) are used once, and renewed at most once a second [tokens-over-at-once]', () => {
    const { world, worker } = browser({ accessMs: 0 });
    const start = world.provider.asked.length;
    const ids = Array.from({ length: 30 }, () => {
      const id = world.request(worker);
      world.time.advance(SECOND_MS / 3);
      return id;
    });
    world.time.advance(SETTLED_MS);
    for (const id of ids) expect(world.verdicts.get(id)).toMatchObject({ type: 'authorized' });
    expect(world.provider.asked.length - start).toBeLessThanOrEqual(11);
  });

  test('an answer that was lost is asked for again with the same token', () => {
    const { world, worker } = browser();
    world.toLose = 1;
    world.refuse(worker, 3);
    world.time.advance(10 * SECOND_MS);
    expect(world.provider.asked).toHaveLength(2);
    expect(generationOf(at(worker, 'active'))).toBe(4);
  });

  test('where the provider has no grace for that, the end says that an answer was lost [answer-lost]', () => {
    const { world, worker } = browser({ grace: 0 });
    world.toLose = 1;
    world.refuse(worker, 3);
    world.time.advance(10 * SECOND_MS);
    expect(at(worker, 'signed-out')).toMatchObject({
      reason: 'rejected',
      problem: { code: 'answer-lost', status: 400 },
    });
  });

  test('an answer with a refresh token only: it is kept, and the good access token goes on', () => {
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
  test('a sign-in outdoes the older session on the disk, which is revoked when the new one is safe', () => {
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

  test('a sign-out ends the session that nobody has read yet', () => {
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

describe('the `ticket` kind', () => {
  test('requests go bare, a 401 is passed on, and the backend is asked what it means', () => {
    const { world, worker } = browser({ disk: 'empty' });
    world.order(worker, { type: 'sign-in', kind: 'ticket' });
    world.time.advance(SETTLED_MS);
    expect(world.verdicts.get(world.request(worker))).toEqual({ type: 'anonymous' });
    expect(world.verdicts.get(world.refuse(worker, generationOf(worker.machine.state)))).toEqual({
      type: 'passThrough',
    });
    world.time.advance(SETTLED_MS);
    at(worker, 'active');
    if (world.cookie) world.cookie.ended = 'revoked';
    world.refuse(worker, generationOf(worker.machine.state));
    world.time.advance(SETTLED_MS);
    expect(at(worker, 'signed-out')).toMatchObject({ reason: 'rejected', problem: { status: 401 } });
    expect(world.provider.asked).toHaveLength(0);
  });

  test('a second sign-in keeps the cookie that it has just been given', () => {
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

describe('after the worker', () => {
  test('a reload still explains why the session ended', () => {
    const { world, worker } = browser();
    for (const family of world.provider.families) family.ended = 'revoked';
    untilRenewal(world);
    const before = at(worker, 'signed-out');
    expect(at(restart(world, worker), 'signed-out')).toEqual(before);
  });

  test('of an update, two workers with the same expired token make one token request [two-workers-one-request]', () => {
    const { world, worker } = browser();
    const waiting = world.start('waiting');
    world.time.advance(SETTLED_MS);
    world.provider.expireAccess();
    const ids = [world.refuse(worker, 3), world.refuse(waiting, 3)];
    world.time.advance(SETTLED_MS);
    expect(world.provider.asked).toHaveLength(1);
    for (const id of ids) expect(world.verdicts.get(id)).toMatchObject({ type: 'authorized', generation: 4 });
  });

  test('a sign-in elsewhere is taken up by a worker that knows of a sign-out only', () => {
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

  test('a copy from before a sign-out brings nobody back', () => {
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

  test('nor does the record that a sign-out could not replace yet', () => {
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

  test('a sign-out in one worker outdoes the refresh that the other has under way', () => {
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
