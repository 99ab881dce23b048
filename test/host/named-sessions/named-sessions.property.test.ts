import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  sessionOfRequest,
  stepNamedSessions,
  type NamedSessions,
} from '../../../src/core/named-sessions/named-sessions.ts';
import { historyCount } from '../../support/history-count.ts';
import { SESSIONS, SessionsWorld, type Page, type Rules } from './sessions-world.ts';

/* Three sessions in two tabs and more, in random histories: `HISTORIES=10000 npx vitest run test/host/named-sessions`. */

const SEED = Number(process.env['SEED'] ?? 1);
const RUNS = historyCount(300);
const TRIES = 1_500;

const session = fc.constantFrom(...SESSIONS);
const choice = fc.double({ min: 0, max: 0.999, noNaN: true });
const op = fc.oneof(
  { weight: 12, arbitrary: fc.record({ op: fc.constant('run'), which: choice }) },
  { weight: 5, arbitrary: fc.record({ op: fc.constant('request'), page: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('request-header'), page: fc.nat(9), session }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('request-rule'), page: fc.nat(9), session }) },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('show'), page: fc.nat(9), session }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('event') }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('kill') }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('open'), pinned: fc.option(session, { nil: undefined }) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('close'), page: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('sign-out'), page: fc.nat(9), all: fc.boolean() }) },
);
type Op = typeof op extends fc.Arbitrary<infer T> ? T : never;

const HISTORIES = fc.record({
  pins: fc.tuple(fc.option(session, { nil: undefined }), fc.option(session, { nil: undefined })),
  ops: fc.array(op, { maxLength: 60, size: 'max' }),
  order: fc.infiniteStream(choice),
});
type History = typeof HISTORIES extends fc.Arbitrary<infer T> ? T : never;

const apply = async (world: SessionsWorld, given: Op): Promise<unknown> => {
  const living = world.pages.filter(({ alive }) => alive);
  const page: Page | undefined = 'page' in given ? living[given.page % Math.max(1, living.length)] : undefined;
  if (given.op === 'run' && 'which' in given) return world.run(given.which);
  if (given.op === 'event') return world.event();
  if (given.op === 'kill') return world.kill();
  if (given.op === 'open' && 'pinned' in given) return living.length < 4 ? world.open(given.pinned) : undefined;
  if (!page) return undefined;
  if (given.op === 'close') return world.close(page);
  if (given.op === 'request') return world.request(page);
  if (given.op === 'sign-out' && 'all' in given) return world.signOut(page, given.all ? 'all' : undefined);
  if (!('session' in given)) return undefined;
  if (given.op === 'request-header') return world.request(page, { header: given.session });
  if (given.op === 'request-rule') return world.request(page, { rule: given.session, header: SESSIONS[0] });
  return world.show(page, given.session);
};

const play = async ({ pins, ops, order }: History, rules?: Rules): Promise<SessionsWorld> => {
  const world = new SessionsWorld(rules);
  for (const pinned of pins) world.open(pinned);
  for (const each of ops) await apply(world, each);
  for (let tasks = 0; tasks < 2_000 && (await world.run(Number(order.next().value ?? 0))); tasks += 1);
  world.check();
  return world;
};

test('each tab, request and frame has the session that it shows, and no other one gets anything of it [sessions-isolated]', async () => {
  let answered = 0;
  await fc.assert(
    fc.asyncProperty(HISTORIES, async (history) => {
      const world = await play(history);
      answered += world.answered;
      expect(world.violations).toEqual([]);
    }),
    { seed: SEED, numRuns: RUNS },
  );
  expect(answered).toBeGreaterThan(RUNS);
});

const RULES: Rules = { step: stepNamedSessions, sessionOf: sessionOfRequest };

const withoutEffect = (type: 'save' | 'leave' | 'abort' | 'switch'): Rules => ({
  ...RULES,
  step(state, event) {
    const next = stepNamedSessions(state, event);
    return { ...next, effects: next.effects.filter((effect) => effect.type !== type) };
  },
});

/** The documents of following tabs have the new session before these show it. */
const moved = (state: NamedSessions): NamedSessions => {
  const clients = { ...state.clients };
  for (const { client, follows } of Object.values(state.tabs)) if (client && follows) clients[client] = state.shown;
  return { ...state, clients };
};

const MUTANTS: readonly (readonly [name: string, rules: Rules])[] = [
  [
    'sends all requests for the session that is shown',
    { ...RULES, sessionOf: (state) => ({ session: state.shown, ofTab: true }) },
  ],
  [
    'ignores the header',
    { ...RULES, sessionOf: (state, origin) => sessionOfRequest(state, { ...origin, header: undefined }) },
  ],
  [
    'lets a header overrule a rule',
    {
      ...RULES,
      sessionOf: (state, origin) => sessionOfRequest(state, { ...origin, rule: origin.header ?? origin.rule }),
    },
  ],
  ['forgets the documents when the worker stops', withoutEffect('save')],
  ['lets the former host keep a tab', withoutEffect('leave')],
  ['lets the answers to the former session arrive', withoutEffect('abort')],
  ['switches no tab', withoutEffect('switch')],
  [
    'switches the requests of a tab before the tab',
    {
      ...RULES,
      step(state, event) {
        const next = stepNamedSessions(state, event);
        return event.type === 'shown' ? { ...next, state: moved(next.state) } : next;
      },
    },
  ],
  [
    'switches tabs that have a session of their own',
    {
      ...RULES,
      step(state, event) {
        const next = stepNamedSessions(state, event);
        if (event.type !== 'shown') return next;
        const all = Object.entries(state.tabs).map(
          ([tab, { session: from }]) => ({ type: 'switch', session: from, tab }) as const,
        );
        return { ...next, effects: [...next.effects, ...all] };
      },
    },
  ],
];

describe('the property detects', () => {
  test.each(MUTANTS)('a host that %s', async (_, rules) => {
    const found = await fc.check(
      fc.asyncProperty(HISTORIES, async (history) => (await play(history, rules)).violations.length === 0),
      { seed: SEED, numRuns: TRIES, endOnFailure: true },
    );
    expect(found.failed).toBe(true);
  });
});

test('three sessions in two tabs have one upstream each', async () => {
  const world = new SessionsWorld();
  const [first, second] = [world.open(undefined), world.open('home')];
  await world.settle();
  world.show(first, 'work');
  await world.settle();
  expect([first.shows, second.shows, [...world.upstreams].toSorted()]).toEqual(['work', 'home', ['home', 'work']]);
  world.show(second, '');
  await world.settle();
  expect([first.shows, second.shows, [...world.upstreams].toSorted()]).toEqual(['', 'home', ['', 'home']]);
  expect(world.violations).toEqual([]);
});
