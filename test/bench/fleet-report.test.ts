import { describe, expect, test } from 'vitest';
import type { FleetClient, Sight } from '../../bench/fleet/client.ts';
import { missingAt, reportOf, type Household } from '../../bench/fleet/proof/report.ts';

const client = (acked: readonly string[], got: Record<string, number>, more: Partial<Sight> = {}): FleetClient => ({
  sight: {
    ...{ got: new Map(Object.entries(got)), latencies: [1], gaps: 0, forks: 0, outOfOrder: 0 },
    ...{ dialsAfterDrain: 0, drains: 0, ...more },
  },
  ...{ acked: new Set(acked), isOpen: true, unacked: 0, publish: () => undefined, close: () => undefined },
});
const page = (ids: string[], gaps = 0): Household['pages'][number] => ({ ids, ends: 0, gaps, outOfOrder: 0 });
const both = { a: 1, b: 1 };
const isGood = (household: Household, sessionsLost = 0): boolean =>
  reportOf({ people: [household], instances: 3, sessionsLost }).isGood;

describe('the report of the fleet', () => {
  const writer = client(['a', 'b'], both);

  test('accepts a run in which each reader has each message once', () => {
    expect(isGood({ clients: [writer, client([], both)], pages: [page(['a', 'b'])] })).toBe(true);
  });

  test.each<[string, Household]>([
    ['a client without a message', { clients: [writer, client([], { a: 1 })], pages: [] }],
    ['a browser without a message', { clients: [writer], pages: [page(['a'])] }],
    ['a client with a message twice', { clients: [writer, client([], { a: 1, b: 2 })], pages: [] }],
    ['a browser with a message twice', { clients: [writer], pages: [page(['a', 'b', 'b'])] }],
    ['messages out of order', { clients: [writer, client([], both, { outOfOrder: 1 })], pages: [] }],
    ['three dials in one slot', { clients: [client(['a', 'b'], both, { drains: 1, dialsAfterDrain: 3 })], pages: [] }],
    ['no delivery at all', { clients: [client([], {}, { latencies: [] })], pages: [] }],
  ])('refuses %s', (_, household) => {
    expect(isGood(household)).toBe(false);
  });

  test('refuses a lost session', () => {
    expect(isGood({ clients: [writer], pages: [] }, 1)).toBe(false);
  });

  test('counts no message as lost for a reader that was informed of a gap', () => {
    const informed = { clients: [writer, client([], { a: 1 }, { gaps: 1 })], pages: [page([], 1)] };
    expect(missingAt(informed)).toBe(0);
    expect(isGood(informed)).toBe(true);
  });
});
