import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Codec } from '../../src/core/codec.ts';
import type { OutboxItem } from '../../src/core/outbox.ts';
import type { SocketEffect, SocketState } from '../../src/core/socket-types.ts';
import { parseClientFrame } from '../../src/protocol/frames.ts';
import { World, REAL, type Parts } from './socket-world.ts';
import type { DialMode, TicketMode } from './socket-server.ts';

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
  | { op: 'leave' | 'reattach'; tab: string };

const constant = <T>(value: T): fc.Arbitrary<T> => fc.constant(value);
const tab = fc.constantFrom('t1', 't2', 't3');
const topic = fc.constantFrom('a', 'b');
const ms = fc.oneof(
  fc.integer({ min: 0, max: 200 }),
  fc.integer({ min: 0, max: 5_000 }),
  fc.integer({ min: 0, max: 100_000 }),
);

const ticketMode: fc.Arbitrary<TicketMode> = fc.oneof(
  { weight: 3, arbitrary: constant<TicketMode>({ is: 'ok' }) },
  fc.record({ is: constant('status' as const), status: fc.constantFrom(401 as const, 403 as const, 500 as const) }),
  fc.record({
    is: constant('status' as const),
    status: constant(429 as const),
    retryAfterMs: fc.integer({ min: 0, max: 30_000 }),
  }),
  constant<TicketMode>({ is: 'hang' }),
  constant<TicketMode>({ is: 'unreachable' }),
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
      return world.server.newEpoch();
    case 'retry':
      return world.tell({ type: 'nudge', cause: 'user' });
    case 'join':
      return world.join(it.tab, it.topic);
    case 'trim':
      return world.server.trim(it.topic, it.count);
    case 'say':
      for (let i = 0; i < it.count; i++) world.server.append(it.topic, `s${world.server.head(it.topic)}`);
      return;
    case 'publish':
      return world.publish(it.topic);
    case 'leave':
      return world.leave(it.tab);
    case 'reattach':
      return world.reattach(it.tab);
  }
};

/** Longer than the longest wait of the policy: a 403 is asked about again after five minutes. */
const HEAL_WITHIN_MS = 420_000;

const run = (ops: readonly Op[], chances: readonly number[], parts: Parts): World => {
  const world = new World(chances, parts);
  world.join('t1', 'a');
  for (const each of ops) apply(world, each);
  world.heal(HEAL_WITHIN_MS);
  return world;
};

const chances = fc.array(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), { minLength: 1, maxLength: 8 });
const ops = fc.array(op, { maxLength: 40 });

const INVARIANTS = {
  6: 'one live upstream, each ticket used once and while fresh',
  7: 'a silent socket is noticed within heartbeat + 3 s of being awake, and a living one is never condemned',
  8: 'the session hears questions only, about generations that a server refused',
  9: 'when the world heals, the socket is open and the outbox empty',
  10: 'each tab reads each event once, in order, without a gap that is not told',
} as const;

type Invariant = keyof typeof INVARIANTS;

const breaches = (world: World): readonly string[] => {
  const { reusedTickets, staleTickets } = world.server;
  return [
    ...world.broken,
    ...(reusedTickets > 0 ? ['6: a ticket was used twice'] : []),
    ...(staleTickets > 0 ? ['6: a stale ticket was used'] : []),
  ];
};

const RUNS = Number(process.env['RUNS'] ?? 20_000);

test(`invariants ${Object.keys(INVARIANTS).join(', ')} hold in every history`, { timeout: 120_000 }, () => {
  fc.assert(
    fc.property(ops, chances, (history, luck) => {
      expect(breaches(run(history, luck, REAL))).toEqual([]);
    }),
    { numRuns: RUNS },
  );
});

// ---- each invariant is worth something: a machine that breaks it is caught

type Step = typeof REAL.step;

const withStep = (step: Step): Parts => ({ ...REAL, step });
const withoutEffect = (test: (effect: SocketEffect) => boolean): Parts =>
  withStep((...args) => {
    const { machine, effects } = REAL.step(...args);
    return { machine, effects: effects.filter((effect) => !test(effect)) };
  });
const withCodec = (wrap: (codec: Codec) => Codec['tell']): Parts => ({
  ...REAL,
  codec: {
    ...REAL.codec,
    create: (identity) => {
      const codec = REAL.codec.create(identity);
      return {
        tell: wrap(codec),
        get listeners() {
          return codec.listeners;
        },
      };
    },
  },
});

/** Puts off every alarm in such a state, for ever. */
const deafIn = (test: (state: SocketState) => boolean): Parts =>
  withStep((machine, event, at, policy) => {
    if (event.type === 'alarm' && test(machine.state))
      return { machine: { ...machine, state: putOff(machine.state, at.now + NEVER_MS) }, effects: [] };
    return REAL.step(machine, event, at, policy);
  });

const NEVER_MS = 1e9;

const putOff = (state: SocketState, until: number): SocketState => {
  switch (state.at) {
    case 'ticketing':
    case 'dialling':
      return { ...state, by: until };
    case 'open':
      return { ...state, liveness: { is: 'heard', probeAt: until }, renewal: { is: 'none' } };
    case 'resting':
      return { ...state, retryAt: until };
    case 'stopped':
      return state.why.is === 'forbidden' ? { ...state, why: { ...state.why, retryAt: until } } : state;
    case 'parked':
      return state;
  }
};

let keptTicket: string | undefined;

const MUTANTS: readonly (readonly [invariant: Invariant, name: string, parts: Parts])[] = [
  [6, 'dials again without hanging up', withoutEffect(({ type }) => type === 'hang-up')],
  [
    6,
    'fetches a ticket once and keeps it',
    withStep((...args) => {
      const { machine, effects } = REAL.step(...args);
      return {
        machine,
        effects: effects.map((effect) =>
          effect.type === 'dial' ? { ...effect, ticket: (keptTicket ??= effect.ticket) } : effect,
        ),
      };
    }),
  ],
  [
    6,
    'believes that a ticket is fresh for ever',
    withStep((machine, event, at, policy) =>
      REAL.step(machine, event.type === 'ticket' ? { ...event, freshForMs: Infinity } : event, at, policy),
    ),
  ],
  [7, 'has no heartbeat', deafIn(({ at }) => at === 'open')],
  [
    7,
    'takes a probe for an answer',
    withStep((machine, event, at, policy) => {
      const step = REAL.step(machine, event, at, policy);
      const call = step.effects.find(({ type }) => type === 'probe');
      return call?.type === 'probe'
        ? { ...REAL.step(step.machine, { type: 'heard', call: call.call }, at, policy), effects: step.effects }
        : step;
    }),
  ],
  [
    7,
    'condemns a link because it slept itself',
    withStep((machine, event, at, policy) => REAL.step(machine, event, at, { ...policy, lateMs: Infinity })),
  ],
  [
    8,
    'suspects the session of every close',
    withStep((machine, event, at, policy) => {
      const step = REAL.step(machine, event, at, policy);
      const generation = machine.inputs.generation;
      if (event.type !== 'closed' || generation === undefined) return step;
      return { ...step, effects: [...step.effects, { type: 'report-unauthorized', generation }] };
    }),
  ],
  [
    8,
    'suspects newer tokens than those that were refused',
    withStep((...args) => {
      const { machine, effects } = REAL.step(...args);
      return {
        machine,
        effects: effects.map((effect) =>
          effect.type === 'report-unauthorized' ? { ...effect, generation: effect.generation + 1 } : effect,
        ),
      };
    }),
  ],
  [9, 'rests for ever', deafIn(({ at }) => at === 'resting')],
  [9, 'takes a 403 for the last word', deafIn(({ at }) => at === 'stopped')],
  [9, 'has no deadline for a ticket', deafIn(({ at }) => at === 'ticketing')],
  [9, 'has no deadline for a dial', deafIn(({ at }) => at === 'dialling')],
  [
    9,
    'takes what was sent for received',
    {
      ...REAL,
      outbox: () => {
        const outbox = REAL.outbox();
        const sent = new Set<string>();
        const unsent = ({ id }: OutboxItem): boolean => !sent.has(id) && Boolean(sent.add(id));
        return { ...outbox, size: 0, sendable: (owner) => outbox.sendable(owner).filter(unsent) };
      },
    },
  ],
  [
    10,
    'forgets how far a tab has read',
    withCodec((codec) => (event, now) => codec.tell(event.type === 'join' ? { ...event, cursor: null } : event, now)),
  ],
  [
    10,
    'keeps gaps to itself',
    withCodec(
      (codec) => (event, now) =>
        codec.tell(event, now).filter((output) => output.type !== 'tell' || output.frame.type !== 'gap'),
    ),
  ],
  [
    10,
    'resumes from now on',
    withCodec(
      (codec) => (event, now) =>
        codec.tell(event, now).map((output) => {
          const frame = output.type === 'send' ? parseClientFrame(String(output.data)) : undefined;
          return Array.isArray(frame) && frame[0] === 'sub'
            ? { type: 'send', data: JSON.stringify(['sub', frame[1], frame[2], null]) }
            : output;
        }),
    ),
  ],
  [
    10,
    'gives every tab what one of them asked for',
    withCodec(
      (codec) => (event, now) =>
        codec
          .tell(event, now)
          .map((output) =>
            output.type === 'tell' && output.frame.type === 'event' ? { ...output, tab: undefined } : output,
          ),
    ),
  ],
  [
    10,
    'publishes the newest first',
    {
      ...REAL,
      outbox: () => {
        const outbox = REAL.outbox();
        return {
          ...outbox,
          get size() {
            return outbox.size;
          },
          sendable: (owner) => [...outbox.sendable(owner)].reverse(),
        };
      },
    },
  ],
];

test.each(MUTANTS)('invariant %i kills a machine that %s', (invariant, _name, parts) => {
  keptTicket = undefined;
  const kill = fc.check(
    fc.property(ops, chances, (history, luck) =>
      breaches(run(history, luck, parts)).every((line) => !line.startsWith(`${invariant}:`)),
    ),
    { numRuns: RUNS, endOnFailure: true },
  );
  expect(kill.failed, INVARIANTS[invariant]).toBe(true);
});
