import { expect, test } from 'vitest';
import { SESSION_POLICY } from '../../../src/core/session-policy.ts';
import { begin, type History } from '../session-world/session-histories.ts';
import type { ResourceMode } from '../session-world/session-provider.ts';
import type { SimulatedWorker } from '../session-world/session-worker.ts';
import type { World } from '../session-world/session-world.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
/** Longer than two refreshes take. */
const SETTLED_MS = 3 * SECOND_MS;

const browser = (history: Partial<History> = {}): { world: World; worker: SimulatedWorker } => {
  const usual = { seed: 1, grace: 0, accessMs: 5 * MINUTE_MS, lifetimeMs: undefined, refreshable: true } as const;
  const { world } = begin({ ...usual, disk: 'session', kind: 'oidc', ops: [], ...history });
  world.time.advance(SETTLED_MS);
  const worker = world.workerIn('old');
  if (!worker) throw new Error('No worker is alive.');
  return { world, worker };
};

const ask = (world: World, worker: SimulatedWorker, resource?: string) => {
  const id = world.request(worker, resource);
  world.time.advance(SETTLED_MS);
  return world.verdicts.get(id);
};

test('gets the tokens of two resources one after the other, with one refresh token that no one may use twice', () => {
  const { world, worker } = browser();
  const ids = [world.request(worker, 'orders'), world.request(worker, 'billing'), world.request(worker, 'orders')];
  world.time.advance(SETTLED_MS);
  const values = ids.map((id) => {
    const verdict = world.verdicts.get(id);
    return verdict?.type === 'authorized' ? world.provider.audienceOf(verdict.token.value) : verdict?.type;
  });
  expect(values).toEqual(['orders', 'billing', 'orders']);
  expect(world.provider.requestTimes).toHaveLength(2);
  expect(world.servedByResources).toBe(3);
});

test('gives a request for the API itself its token while a refresh gets that of a resource', () => {
  const { world, worker } = browser();
  world.request(worker, 'orders');
  const id = world.request(worker);
  expect(world.verdicts.get(id)?.type).toBe('authorized');
});

test.each<[ResourceMode, string, number]>([
  ['unknown', 'misconfigured', 1],
  ['no-consent', 'sign-in-required', 1],
  ['unavailable', 'server-unavailable', 1],
  // The session’s own refresh has the last word.
  ['rejected', 'grant-rejected', 2],
])('fails the requests of one resource when the provider answers "%s", and no others', (mode, code, asked) => {
  const { world, worker } = browser({ grace: 'until-used' });
  world.provider.resourceMode = mode;
  expect(ask(world, worker, 'orders')).toMatchObject({ type: 'fail', problem: { code } });
  expect(worker.machine.state.state).toBe('active');
  expect(ask(world, worker)?.type).toBe('authorized');
  expect(world.provider.requestTimes).toHaveLength(asked);
  // A page that tries again and again makes no storm.
  for (let times = 0; times < 20; times += 1) world.request(worker, 'orders');
  world.provider.resourceMode = 'ok';
  expect(ask(world, worker, 'billing')?.type).toBe('authorized');
  world.time.advance(SESSION_POLICY.misconfiguredRetryMs);
  expect(ask(world, worker, 'orders')?.type).toBe('authorized');
});

test('ends the session when the provider rejects the refresh token for the API itself too', () => {
  const { world, worker } = browser();
  for (const family of world.provider.families) family.ended = 'revoked';
  expect(ask(world, worker, 'orders')).toMatchObject({ type: 'fail', problem: { code: 'grant-rejected' } });
  expect(worker.machine.state).toMatchObject({ state: 'signed-out', reason: 'rejected' });
});

test('waits for the network, and gets the token of the resource when it is back', () => {
  const { world, worker } = browser();
  world.networkUp = false;
  const id = world.request(worker, 'orders');
  world.time.advance(SECOND_MS);
  expect(world.verdicts.get(id)).toBeUndefined();
  world.networkUp = true;
  world.time.advance(10 * SECOND_MS);
  expect(world.verdicts.get(id)?.type).toBe('authorized');
});

test('stops to renew a token that a resource always refuses, and gives its 401 to the page', () => {
  const { world, worker } = browser();
  const first = ask(world, worker, 'orders');
  if (first?.type !== 'authorized') throw new Error(first?.type);
  const refuse = (id: string, generation: number): void => {
    world.open.set(id, worker);
    world.dispatch(worker, { type: 'refused', id, generation, challenge: 'token', resource: 'orders' });
    world.time.advance(SETTLED_MS);
  };
  refuse('r1', first.generation);
  const second = world.verdicts.get('r1');
  if (second?.type !== 'authorized') throw new Error(second?.type);
  world.dispatch(worker, { type: 'refused-again', generation: second.generation, resource: 'orders' });
  const before = world.provider.requestTimes.length;
  refuse('r2', second.generation);
  expect(world.verdicts.get('r2')).toEqual({ type: 'passThrough' });
  expect(world.provider.requestTimes).toHaveLength(before);
  expect(ask(world, worker)?.type).toBe('authorized');
});

test('renews the token of the API itself when a 401 for it comes after the token of a resource', () => {
  const { world, worker } = browser();
  const own = ask(world, worker);
  if (own?.type !== 'authorized') throw new Error(own?.type);
  ask(world, worker, 'orders');
  const id = world.refuse(worker, own.generation);
  world.time.advance(SETTLED_MS);
  const again = world.verdicts.get(id);
  expect(again?.type === 'authorized' && again.token.value).not.toBe(own.token.value);
  expect(again?.type).toBe('authorized');
});

test.each(['password', 'oidc'] as const)('needs a refresh token for a resource (%s)', (kind) => {
  const { world, worker } = browser({ kind, refreshable: false });
  // A backend of the site's own knows no resources, so its token goes to all of its rules.
  expect(ask(world, worker, 'orders')?.type).toBe(kind === 'oidc' ? 'anonymous' : 'authorized');
});
