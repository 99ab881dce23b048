import fc from 'fast-check';
import { generationOf } from '../../../src/core/session/session-transitions.ts';
import type { SessionRecord } from '../../../src/core/session/session-types.ts';
import { generationOfSaved } from './session-disk.ts';
import { InvariantChecker, latestOf, type Violation } from './session-checker.ts';
import type { SimulatedWorker } from './session-worker.ts';
import { apply, type Op } from './session-ops.ts';
import type { Grace, ProviderMode, ResourceMode } from './session-provider.ts';
import { World, type Stepper } from './session-world.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** The start of a history, and the operations that follow. */
export type History = {
  seed: number;
  grace: Grace;
  accessMs: number;
  lifetimeMs: number | undefined;
  refreshable: boolean;
  disk: 'empty' | 'session' | 'old-session' | 'open-record' | 'ended';
  /** Default: `password`. Only a session of `oidc` has resources. */
  kind?: 'password' | 'oidc' | undefined;
  ops: readonly Op[];
};

const slot = fc.constantFrom('old' as const, 'old' as const, 'waiting' as const);
const span = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 300 }) },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 10 * SECOND_MS }) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 6 * MINUTE_MS }) },
);
const mode: fc.Arbitrary<ProviderMode> = fc.constantFrom<ProviderMode>(
  { kind: 'ok' },
  { kind: 'ok' },
  { kind: 'status', status: 503 },
  { kind: 'status', status: 429, retryAfterMs: 20 * SECOND_MS },
  { kind: 'status', status: 403 },
  { kind: 'html' },
  { kind: 'truncated' },
  { kind: 'misconfigured' },
  { kind: 'person-needed' },
  { kind: 'no-reason' },
  { kind: 'only-refresh' },
  { kind: 'only-access' },
  { kind: 'hang' },
);
const challenge = fc.constantFrom('token' as const, 'token' as const, 'unclear' as const, 'other' as const);
const back = fc.constantFrom(0, 0, 1, 2);
const jump = fc.constantFrom(-DAY_MS, -2 * MINUTE_MS, -SECOND_MS, SECOND_MS, 5 * MINUTE_MS, DAY_MS);
const of = <const Name extends Op['op']>(op: Name) => fc.constant(op);

/** A restart follows within 3 s, as when a page waits for the worker. */
const kill = fc.record({
  op: of('kill'),
  slot,
  fuse: fc.nat({ max: 12 }),
  restartMs: fc.integer({ min: 0, max: 3 * SECOND_MS }),
});

const OPS = {
  advance: [10, fc.record({ op: of('advance'), ms: span })],
  request: [6, fc.record({ op: of('request'), slot })],
  abandon: [1, fc.record({ op: of('abandon'), slot })],
  refuse: [3, fc.record({ op: of('refuse'), slot, back, challenge })],
  'refuse-again': [1, fc.record({ op: of('refuse-again'), slot })],
  backend: [1, fc.record({ op: of('backend'), refusesAll: fc.boolean() })],
  proxy: [1, fc.record({ op: of('proxy'), redirects: fc.boolean() })],
  'expire-access': [2, fc.record({ op: of('expire-access') })],
  revoke: [1, fc.record({ op: of('revoke') })],
  network: [2, fc.record({ op: of('network'), up: fc.boolean() })],
  cut: [2, fc.record({ op: of('cut') })],
  provider: [3, fc.record({ op: of('provider'), mode })],
  lose: [2, fc.record({ op: of('lose'), answers: fc.integer({ min: 1, max: 2 }) })],
  store: [
    2,
    fc.record({ op: of('store'), readable: fc.boolean(), writable: fc.boolean(), slowMs: fc.constantFrom(0, 0, 400) }),
  ],
  erase: [1, fc.record({ op: of('erase') })],
  clock: [1, fc.record({ op: of('clock'), jumpMs: jump })],
  kill: [4, kill],
  update: [1, fc.record({ op: of('update') })],
  'sign-in': [
    2,
    fc.record({
      op: of('sign-in'),
      slot,
      kind: fc.constantFrom('password' as const, 'password' as const, 'ticket' as const),
    }),
  ],
  'sign-out': [1, fc.record({ op: of('sign-out'), slot })],
  tab: [1, fc.record({ op: of('tab'), slot })],
  restored: [1, fc.record({ op: of('restored'), slot })],
  'record-changed': [2, fc.record({ op: of('record-changed'), slot })],
  nudge: [
    2,
    fc.record({
      op: of('nudge'),
      slot,
      cause: fc.constantFrom('online' as const, 'visible' as const, 'thaw' as const, 'user' as const),
    }),
  ],
  suspect: [2, fc.record({ op: of('suspect'), slot, back })],
} satisfies { [Name in Op['op']]?: readonly [weight: number, arbitrary: fc.Arbitrary<Op & { op: Name }>] };

export const RESOURCES = ['orders', 'billing'] as const;

const RESOURCE_OPS = {
  'request-resource': [8, fc.record({ op: of('request-resource'), slot, resource: fc.constantFrom(...RESOURCES) })],
  resources: [
    2,
    fc.record({
      op: of('resources'),
      mode: fc.constantFrom<ResourceMode>('ok', 'unknown', 'no-consent', 'rejected', 'unavailable'),
    }),
  ],
} satisfies { [Name in Op['op']]?: readonly [weight: number, arbitrary: fc.Arbitrary<Op & { op: Name }>] };

export type HistoryShape = {
  without?: readonly Op['op'][] | undefined;
  /** With requests for resources, in sessions of a provider. */
  resources?: boolean | undefined;
  grace?: fc.Arbitrary<Grace> | undefined;
  accessMs?: fc.Arbitrary<number> | undefined;
  lifetimeMs?: fc.Arbitrary<number | undefined> | undefined;
  refreshable?: fc.Arbitrary<boolean> | undefined;
};

export const histories = (shape: HistoryShape = {}): fc.Arbitrary<History> => {
  const all: readonly (readonly [string, readonly [weight: number, arbitrary: fc.Arbitrary<Op>]])[] = [
    ...Object.entries(OPS),
    ...(shape.resources ? Object.entries(RESOURCE_OPS) : []),
  ];
  const without: readonly string[] = shape.without ?? [];
  const ops = all.filter(([name]) => !without.includes(name));
  const op = fc.oneof(...ops.map(([, [weight, arbitrary]]) => ({ weight, arbitrary })));
  return fc.record({
    ...(shape.resources && { kind: fc.constant('oidc' as const) }),
    seed: fc.integer(),
    grace: shape.grace ?? fc.constantFrom<Grace>(0, 30 * SECOND_MS, 'until-used'),
    accessMs: shape.accessMs ?? fc.constantFrom(5 * MINUTE_MS, 5 * MINUTE_MS, MINUTE_MS, 8 * SECOND_MS, SECOND_MS, 0),
    lifetimeMs: shape.lifetimeMs ?? fc.constantFrom(undefined, undefined, 20 * MINUTE_MS),
    refreshable: shape.refreshable ?? fc.constantFrom(true, true, true, false),
    disk: fc.constantFrom('empty', 'session', 'session', 'session', 'old-session', 'open-record', 'ended'),
    ops: fc.array(op, { maxLength: 40, size: 'max' }),
  });
};

/** The backend accepts a token for at least this long, even if `expires_in` is shorter. */
const KIND_MS = 30 * SECOND_MS;

const savedBefore = (world: World, { disk, accessMs }: History): SessionRecord | undefined => {
  const { kind } = world;
  if (disk === 'empty') return undefined;
  if (disk === 'ended') return { state: 'signed-out', generation: 3, reason: 'user', kind };
  const { access, refresh, endsInMs } = world.provider.signIn();
  const issuedAt = world.now() - (disk === 'old-session' ? accessMs : 0);
  const token =
    access && ({ value: access.value, scheme: 'Bearer', issuedAt, expiresAt: issuedAt + access.forMs } as const);
  const endsAt = refresh === undefined ? token?.expiresAt : endsInMs && world.now() + endsInMs;
  const refreshSentAt = disk === 'open-record' && refresh !== undefined ? issuedAt : undefined;
  return {
    state: 'signed-in',
    session: {
      kind,
      generation: 3,
      tokens: { access: token, refresh },
      startedAt: issuedAt,
      endsAt,
      refreshSentAt,
    },
  };
};

export const begin = (history: History, step?: Stepper): { world: World; checker: InvariantChecker } => {
  const world = new World({ ...history, acceptedMs: Math.max(history.accessMs, KIND_MS), step });
  const checker = new InvariantChecker(world, history.grace === 'until-used');
  const saved = savedBefore(world, history);
  if (saved) world.disk.write(saved);
  if (saved?.state === 'signed-in' && saved.session.refreshSentAt !== undefined)
    checker.unanswered.add(saved.session.tokens.refresh ?? '');
  world.start('old');
  return { world, checker };
};

/** Plays a history, ends all faults, and returns the violated invariants. */
export const play = (history: History, step?: Stepper): readonly Violation[] => {
  const { world, checker } = begin(history, step);
  for (const op of history.ops) apply(world, op);
  heal(world);
  checkHealed(world, checker);
  return checker.violations;
};

/** Longer than the longest pause of the machine and the longest access token. */
const HEALING_MS = 12 * MINUTE_MS;

/** Ends all faults, and waits without any user action. */
export const heal = (world: World): void => {
  Object.assign(world, { networkUp: true, refusesAll: false, redirects: false, toLose: 0 });
  Object.assign(world.disk, { readable: true, writable: true, slowMs: 0 });
  world.provider.mode = { kind: 'ok' };
  world.provider.resourceMode = 'ok';
  for (const worker of world.workers) worker.fuse = 0;
  world.time.advance(HEALING_MS);
};

/** Without a refresh token, only the person can renew a session whose token is dead. */
const needsPerson = ({ machine: { state } }: SimulatedWorker): boolean =>
  state.state === 'sign-in-required' && state.session.tokens.refresh === undefined;

const isAtRest = (worker: SimulatedWorker): boolean => {
  const { state, unsaved } = worker.machine;
  return (state.state === 'active' || state.state === 'signed-out' || needsPerson(worker)) && !unsaved;
};

/** Waits up to 2 s until the machine is at rest. With short tokens it may be in a refresh now. */
const rest = (world: World, worker: SimulatedWorker): boolean => {
  for (let waited = 0; waited < 40 && !isAtRest(worker); waited++) world.time.advance(50);
  return isAtRest(worker);
};

const checkHealed = (world: World, checker: InvariantChecker): void => {
  for (const id of world.open.keys()) checker.report(4, `${id} was never answered`);
  if (world.workers.length === 0) checker.report(9, 'no worker is alive');
  for (const worker of [...world.workers]) checkWorker(world, checker, worker);
};

/** Whom the worker's tokens, or the browser's cookie, belong to; and whether the backend would still know them. */
const conditionOf = (world: World, { machine: { state } }: SimulatedWorker): 'alive' | 'dead' | 'spent' => {
  const session = latestOf(state);
  const { access, refresh } = session?.tokens ?? {};
  const family = session?.kind === 'ticket' ? world.cookie : world.provider.familyOf(refresh, access?.value);
  // A token without a refresh token is not dead when the backend rejects it: this device's clock may be behind.
  if (session?.kind !== 'ticket' && refresh === undefined && !world.provider.accepts(access?.value ?? ''))
    return 'spent';
  return family && world.provider.alive(family) ? 'alive' : 'dead';
};

/** Without a refresh token there is none for a resource. With a token that expires at once, no request can wait for one. */
const servesResources = (world: World, worker: SimulatedWorker): boolean => {
  if (latestOf(worker.machine.state)?.tokens.refresh === undefined) return true;
  return RESOURCES.every((resource) => {
    const before = world.servedByResources;
    for (let sent = 0; sent < 2; sent++) {
      world.request(worker, resource);
      world.time.advance(5 * SECOND_MS);
    }
    return world.servedByResources > before;
  });
};

const checkWorker = (world: World, checker: InvariantChecker, worker: SimulatedWorker): void => {
  const wrong = (text: string): void => checker.report(9, `worker ${worker.id}: ${text}`);
  if (!rest(world, worker)) return wrong(`did not recover from ${worker.machine.state.state} by itself`);
  const servedBefore = world.served;
  const before = conditionOf(world, worker);
  world.dispatch(worker, { type: 'tab-arrived' });
  // The first request may find an old token, and then a newer one on the disk that the backend also rejects.
  for (let sent = 0; sent < 2; sent++) {
    world.request(worker);
    world.time.advance(5 * SECOND_MS);
  }
  const served = world.kind === 'oidc' ? servesResources(world, worker) : true;
  if (!rest(world, worker)) return wrong(`stuck in ${worker.machine.state.state}`);
  const { state, durability } = worker.machine;
  const { record } = world.disk;
  if (state.state === 'signed-out') {
    if (record?.state === 'signed-in' && world.workers.length === 1) wrong('signed out over a session');
    return;
  }
  if (needsPerson(worker)) {
    if (conditionOf(world, worker) === 'alive') wrong('asks for the person over a session that works');
    return;
  }
  const after = conditionOf(world, worker);
  if (after === 'alive' && before === 'alive' && !served)
    checker.report(18, `worker ${worker.id}: a resource accepted no request`);
  if (after === 'alive' && world.served === servedBefore) wrong('active, and the backend accepted no request');
  if (before === 'dead' && after === 'dead') wrong('active over a dead session');
  if (durability !== 'disk') wrong('still reports durability "memory"');
  // A worker gets no event when another one signs out. It learns of it at its next refresh.
  const elsewhere = record?.state === 'signed-out' && latestOf(state)?.tokens.refresh === undefined;
  if (record?.state === 'signed-in' ? generationOfSaved(record) < generationOf(state) : !elsewhere)
    wrong('the disk has an older generation than the worker');
};
