import { historyCount } from '../../support/history-count.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { INVARIANTS, MUTANTS } from '../socket-world/socket-mutants.ts';
import type { DialMode, TicketMode } from '../socket-world/socket-server.ts';
import { REAL, type Parts } from '../socket-world/socket-worker.ts';
import { World } from '../socket-world/socket-world.ts';

type Op =
  | { op: 'advance'; ms: number }
  | { op: 'sleep'; ms: number }
  | { op: 'ticket'; mode: TicketMode }
  | { op: 'dial'; mode: DialMode }
  | { op: 'drop'; code: number; reason: string }
  | { op: 'silence' }
  | { op: 'kill' }
  | { op: 'online' | 'visible'; is: boolean }
  | { op: 'expire' | 'sign-out' | 'sign-in' | 'new-epoch' | 'retry' }
  | { op: 'join' | 'trim' | 'say' | 'publish'; topic: string; tab: string; count: number }
  | { op: 'leave' | 'reattach'; tab: string }
  | { op: 'poison'; topic: string; code: number };

const constant = <T>(value: T): fc.Arbitrary<T> => fc.constant(value);
const tab = fc.constantFrom('t1', 't2', 't3');
const topic = fc.constantFrom('a', 'b');
const ms = fc.oneof(
  fc.integer({ min: 0, max: 200 }),
  fc.integer({ min: 0, max: 5_000 }),
  fc.integer({ min: 0, max: 100_000 }),
);

const ticketMode: fc.Arbitrary<TicketMode> = fc.oneof(
  { weight: 3, arbitrary: constant<TicketMode>({ type: 'ok' }) },
  fc.record({ type: constant('status' as const), status: fc.constantFrom(401 as const, 403 as const, 500 as const) }),
  fc.record({
    type: constant('status' as const),
    status: constant(429 as const),
    retryAfterMs: fc.integer({ min: 0, max: 30_000 }),
  }),
  constant<TicketMode>({ type: 'hang' }),
  constant<TicketMode>({ type: 'unreachable' }),
);

const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ op: constant('advance' as const), ms }) },
  fc.record({ op: constant('sleep' as const), ms }),
  fc.record({ op: constant('ticket' as const), mode: ticketMode }),
  fc.record({
    op: constant('dial' as const),
    mode: fc.constantFrom('ok' as const, 'ok' as const, 'refuse' as const, 'blackhole' as const),
  }),
  {
    weight: 2,
    arbitrary: fc.record({
      op: constant('drop' as const),
      code: fc.constantFrom(1000, 1001, 1006, 1012, 1013, 4401, 4403, 4429, 4500),
      reason: fc.constantFrom('', '{"ra":0}', '{"ra":3000}', '{"ra":-1}', '{'),
    }),
  },
  { weight: 2, arbitrary: constant<Op>({ op: 'silence' }) },
  { weight: 2, arbitrary: constant<Op>({ op: 'kill' }) },
  fc.record({ op: fc.constantFrom('online' as const, 'visible' as const), is: fc.boolean() }),
  constant<Op>({ op: 'expire' }),
  constant<Op>({ op: 'sign-out' }),
  constant<Op>({ op: 'sign-in' }),
  constant<Op>({ op: 'new-epoch' }),
  constant<Op>({ op: 'retry' }),
  { weight: 3, arbitrary: fc.record({ op: constant('join' as const), topic, tab, count: constant(0) }) },
  fc.record({ op: constant('trim' as const), topic, tab, count: fc.integer({ min: 0, max: 5 }) }),
  {
    weight: 4,
    arbitrary: fc.record({ op: constant('say' as const), topic, tab, count: fc.integer({ min: 1, max: 8 }) }),
  },
  { weight: 2, arbitrary: fc.record({ op: constant('publish' as const), topic, tab, count: constant(1) }) },
  fc.record({ op: fc.constantFrom('leave' as const, 'reattach' as const), tab }),
  fc.record({ op: constant('poison' as const), topic, code: fc.constantFrom(1009, 1007, 1006, 1011) }),
);

const apply = (world: World, it: Op): void => {
  switch (it.op) {
    case 'advance':
      return world.advance(it.ms);
    case 'sleep':
      return world.sleep(it.ms);
    case 'ticket':
      world.server.ticketMode = it.mode;
      return;
    case 'dial':
      world.server.dialMode = it.mode;
      return;
    case 'drop':
      return world.drop(it.code, it.reason);
    case 'silence':
      for (const connection of world.server.connections) connection.silent = true;
      return;
    case 'kill':
      return world.kill();
    case 'online':
    case 'visible':
      world[it.op] = it.is;
      return world.inputs();
    case 'expire':
      return world.expire();
    case 'sign-out':
      return world.signOut();
    case 'sign-in':
      return world.rotate();
    case 'new-epoch':
      return world.newEpoch();
    case 'retry':
      return world.dispatch({ type: 'nudge', cause: 'user' });
    case 'join':
      return world.join(it.tab, it.topic);
    case 'trim':
      return world.server.trim(it.topic, it.count);
    case 'say':
      for (let i = 0; i < it.count; i++) world.server.append(it.topic, `s${world.server.head(it.topic)}`);
      return;
    case 'publish':
      return world.publish(it.topic);
    case 'poison':
      return world.publish(it.topic, it.code);
    case 'leave':
      return world.leave(it.tab);
    case 'reattach':
      return world.reattach(it.tab);
  }
};

/** Longer than the longest wait of the policy: the machine retries a 403 after five minutes. */
const HEAL_WITHIN_MS = 420_000;

const run = (ops: readonly Op[], chances: readonly number[], parts: Parts): World => {
  const world = new World(chances, parts);
  world.join('t1', 'a');
  for (const each of ops) apply(world, each);
  world.heal(HEAL_WITHIN_MS);
  return world;
};

const chances = fc.array(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), { minLength: 1, maxLength: 8 });
/** By default, fast-check makes lists of at most ten. */
const ops = fc.oneof(
  { weight: 3, arbitrary: fc.array(op) },
  { weight: 1, arbitrary: fc.array(op, { maxLength: 40, size: 'max' }) },
);

const violations = (world: World): readonly string[] => {
  const { reusedTickets, staleTickets } = world.server;
  return [
    ...world.broken,
    ...(reusedTickets > 0 ? ['6: a ticket was used twice'] : []),
    ...(staleTickets > 0 ? ['6: a stale ticket was used'] : []),
  ];
};

const RUNS = historyCount(20_000);

test(`invariants ${Object.keys(INVARIANTS).join(', ')} hold in every history`, { timeout: 120_000 }, () => {
  fc.assert(
    fc.property(ops, chances, (history, luck) => {
      expect(violations(run(history, luck, REAL))).toEqual([]);
    }),
    { numRuns: RUNS },
  );
});

test('refuses no subscription that was sent while the device slept after a refused message', () => {
  const history: readonly Op[] = [
    { op: 'leave', tab: 't1' },
    { op: 'advance', ms: 115 },
    { op: 'poison', topic: 'a', code: 1009 },
    { op: 'advance', ms: 5 },
    { op: 'sleep', ms: 2_980 },
  ];
  expect(violations(run(history, [0], REAL))).toEqual([]);
});

test('refuses no other message when a dead connection outlasted two that the server refuses', () => {
  const history: readonly Op[] = [
    { op: 'poison', topic: 'a', code: 1009 },
    { op: 'poison', topic: 'a', code: 1009 },
    { op: 'expire' },
    { op: 'advance', ms: 136 },
    { op: 'advance', ms: 82 },
    { op: 'advance', ms: 72 },
    { op: 'advance', ms: 570 },
    { op: 'publish', topic: 'a', tab: 't1', count: 1 },
    { op: 'silence' },
  ];
  expect(violations(run(history, [0], REAL))).toEqual([]);
});

// ---- the test of each invariant detects a machine that breaks it

/** More histories than any mutant needs. The seed makes a short run detect the same mutants as a long one. */
const MUTANT_TRIES = 20_000;
const MUTANT_SEED = 1;

test.each(MUTANTS)('invariant %i: detects a machine that %s', (invariant, _name, parts) => {
  const kill = fc.check(
    fc.property(ops, chances, (history, luck) =>
      violations(run(history, luck, parts)).every((line) => !line.startsWith(`${invariant}:`)),
    ),
    { seed: MUTANT_SEED, numRuns: MUTANT_TRIES, endOnFailure: true },
  );
  expect(kill.failed, INVARIANTS[invariant]).toBe(true);
});
