import { expect, test } from 'vitest';
import { generationOf } from '../../../src/core/session/session-transitions.ts';
import type { SignedOutReason } from '../../../src/protocol/snapshot.ts';
import { InvariantChecker } from '../session-world/session-checker.ts';
import type { Boundary, SimulatedWorker } from '../session-world/session-worker.ts';
import { World } from '../session-world/session-world.ts';

/*
 * The worker dies at each boundary of a refresh, a sign-in and a sign-out, and the browser starts it again. No session
 * is lost, and each result that a user has seen stays true.
 */

const MINUTE_MS = 60_000;
const SECOND_MS = 1_000;
const RESTART_MS = 10;

type Scenario = (world: World, worker: SimulatedWorker) => string | undefined;

type Row = [
  killedAt: Boundary,
  /** What the next worker holds: the session of the first or the second sign-in, or the reason why there is none. */
  then: 'first' | 'second' | SignedOutReason,
  /** The result that the page had received by then. */
  reported: 'nothing' | 'done',
  /** How many token requests both workers sent. */
  asked: number,
];

/** A world where each piece of work takes the same time, so that the order is always the same. */
const quiet = (signedIn: boolean): { world: World; checker: InvariantChecker; worker: SimulatedWorker } => {
  const lifetimes = { accessMs: 5 * MINUTE_MS, acceptedMs: 5 * MINUTE_MS, refreshable: true };
  const world = new World({ seed: 1, maxLatencyMs: 1, grace: 'until-used', kind: 'oidc', ...lifetimes });
  const checker = new InvariantChecker(world, true);
  const worker = world.start('old');
  if (signedIn) world.order(worker, { type: 'sign-in', kind: 'password' });
  world.time.advance(SECOND_MS);
  return { world, checker, worker };
};

const heldNow = (world: World): Row[1] => {
  const state = world.workerIn('old')?.machine.state;
  if (state?.state === 'signed-out') return state.reason;
  const tokens = state?.state === 'active' ? state.session.tokens : undefined;
  const family = world.provider.familyOf(tokens?.refresh, tokens?.access?.value);
  expect(family && world.provider.alive(family)).toBe(true);
  return family?.id === 0 ? 'first' : 'second';
};

const boundariesOf = (signedIn: boolean, scenario: Scenario): number => {
  const { world, worker } = quiet(signedIn);
  const before = world.boundaries.length;
  scenario(world, worker);
  world.time.advance(SECOND_MS);
  return world.boundaries.length - before;
};

const crash = (signedIn: boolean, scenario: Scenario, at: number): Row => {
  const { world, checker, worker } = quiet(signedIn);
  const before = world.boundaries.length;
  Object.assign(worker, { fuse: at, restartMs: RESTART_MS });
  const id = scenario(world, worker);
  world.time.advance(RESTART_MS);
  const reported = id !== undefined && world.results.get(id)?.ok === true ? 'done' : 'nothing';
  world.time.advance(MINUTE_MS);
  expect(checker.violations).toEqual([]);
  return [
    world.boundaries[before + at - 1] ?? 'load before',
    heldNow(world),
    reported,
    world.provider.requestTimes.length,
  ];
};

const table = (signedIn: boolean, scenario: Scenario): Row[] =>
  Array.from({ length: boundariesOf(signedIn, scenario) }, (_, at) => crash(signedIn, scenario, at + 1));

const askResource: Scenario = (world, worker) => {
  world.request(worker, 'orders');
  return undefined;
};
const signIn: Scenario = (world, worker) => world.order(worker, { type: 'sign-in', kind: 'password' });
const signOut: Scenario = (world, worker) => world.order(worker, { type: 'sign-out' });
const refresh: Scenario = (world, worker) => {
  world.dispatch(worker, { type: 'suspected', generation: generationOf(worker.machine.state) });
  return undefined;
};

test('keeps the session and sends a sent token once more when the worker dies during a refresh [crash-in-refresh]', () => {
  expect(table(true, refresh)).toEqual<Row[]>([
    ['lock before', 'first', 'nothing', 0],
    ['lock done', 'first', 'nothing', 0],
    ['save before', 'first', 'nothing', 0],
    ['lock after', 'first', 'nothing', 0],
    ['save done', 'first', 'nothing', 1],
    ['grant before', 'first', 'nothing', 1],
    ['save after', 'first', 'nothing', 2],
    ['grant done', 'first', 'nothing', 2],
    ['save before', 'first', 'nothing', 2],
    ['grant after', 'first', 'nothing', 2],
    ['save done', 'first', 'nothing', 1],
    ['unlock before', 'first', 'nothing', 1],
    ['save after', 'first', 'nothing', 1],
  ]);
});

test('reports a first sign-in only after it is saved when the worker dies during it', () => {
  expect(table(false, signIn)).toEqual<Row[]>([
    ['sign-in before', 'never', 'nothing', 0],
    ['sign-in done', 'never', 'nothing', 0],
    ['save before', 'never', 'nothing', 0],
    ['sign-in after', 'never', 'nothing', 0],
    ['save done', 'first', 'nothing', 0],
    ['settle before', 'first', 'nothing', 0],
    ['verify before', 'first', 'done', 0],
    ['save after', 'first', 'done', 0],
    ['verify done', 'first', 'done', 0],
    ['save before', 'first', 'done', 0],
    ['verify after', 'first', 'done', 0],
    ['save done', 'first', 'done', 0],
    ['save after', 'first', 'done', 0],
  ]);
});

test('keeps the old or the new session, and revokes the old one only after saving the new one, when the worker dies during a second sign-in', () => {
  expect(table(true, signIn)).toEqual<Row[]>([
    ['sign-in before', 'first', 'nothing', 0],
    ['sign-in done', 'first', 'nothing', 0],
    ['save before', 'first', 'nothing', 0],
    ['sign-in after', 'first', 'nothing', 0],
    ['save done', 'second', 'nothing', 0],
    ['revoke before', 'second', 'nothing', 0],
    ['settle before', 'second', 'nothing', 0],
    ['verify before', 'second', 'done', 0],
    ['save after', 'second', 'done', 0],
    ['revoke done', 'second', 'done', 0],
    ['verify done', 'second', 'done', 0],
    ['save before', 'second', 'done', 0],
    ['verify after', 'second', 'done', 0],
    ['save done', 'second', 'done', 0],
    ['save after', 'second', 'done', 0],
  ]);
});

test('stays signed out after reporting it when the worker dies during a sign-out', () => {
  expect(table(true, signOut)).toEqual<Row[]>([
    ['save before', 'first', 'nothing', 0],
    ['revoke before', 'first', 'nothing', 0],
    ['save done', 'user', 'nothing', 0],
    ['revoke done', 'user', 'nothing', 0],
    ['settle before', 'user', 'nothing', 0],
    ['save after', 'user', 'done', 0],
  ]);
});

test('keeps the session, and sends a sent token once more, when the worker dies while it gets the token of a resource [crash-in-resource]', () => {
  const rows = table(true, askResource);
  expect(rows.length).toBeGreaterThan(10);
  expect(new Set(rows.map(([, then]) => then))).toEqual(new Set(['first']));
  // The next worker renews the session itself. It asks for the resource when a page needs it.
  expect(Math.max(...rows.map(([, , , asked]) => asked))).toBe(2);
});
