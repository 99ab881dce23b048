import { historyCount } from '../../support/history-count.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Invariant } from '../session-world/session-end-check.ts';
import { histories, play, type History } from '../session-world/session-histories.ts';
import type { Op } from '../session-world/session-ops.ts';
import { MOST_PER_MINUTE, stormOf, storms } from '../session-world/session-storms.ts';

/** Each run uses the same histories, so that a failure comes from the change at hand. `SEED=$RANDOM` tries others. */
const SEED = Number(process.env['SEED'] ?? 1);

/** Histories over all properties of this file. */
const RUNS = historyCount(20_000);

type Property = { invariant: Invariant; title: string };

const PROPERTIES: readonly Property[] = [
  { invariant: 1, title: 'at most one refresh is in flight, and its worker holds the lock [property-one-refresh]' },
  { invariant: 2, title: 'a session ends for one of three reasons, with evidence, and stays ended' },
  {
    invariant: 3,
    title: 'the worker sends a token or reports a result only after the disk has it [property-durable-first]',
  },
  { invariant: 4, title: 'each request, sign-in and sign-out is answered exactly once' },
  { invariant: 5, title: 'a 401 for an older token is replayed with the newer one, without a refresh' },
  { invariant: 8, title: 'a socket makes the session check a token, and does nothing else [property-socket-harmless]' },
  { invariant: 9, title: 'each session becomes active again by itself when all faults are over' },
  {
    invariant: 12,
    title: 'a sent token is sent again only while its answer is unknown, and no session is lost with a grace period',
  },
  { invariant: 13, title: 'a worker reads a record that another worker has written, and takes the newer one' },
  { invariant: 14, title: 'what a page shows as trouble ends only with a proof [property-proven]' },
  { invariant: 'pauses', title: 'no request and no page shortens a pause of the provider [property-pauses]' },
  {
    invariant: 'early-refresh',
    title: 'an early refresh and its failure do not affect a request with a good token',
  },
];

/** The storm test takes one share too. */
const RUNS_EACH = Math.ceil(RUNS / (PROPERTIES.length + 1));

describe('in every history', () => {
  for (const [place, { invariant, title }] of PROPERTIES.entries()) {
    test(`${typeof invariant === 'number' ? `invariant ${invariant}` : invariant}: ${title}`, () => {
      const holds = fc.property(histories(), (history) => {
        expect(play(history).filter((violation) => violation.invariant === invariant)).toEqual([]);
      });
      fc.assert(holds, { seed: SEED + place, numRuns: RUNS_EACH });
    });
  }

  test('no storm: the token requests stay bounded when the backend answers only 401, tokens expire at once or the provider fails [property-no-storm]', () => {
    const holds = fc.property(storms, (storm) => {
      expect(stormOf(storm)).toBeLessThanOrEqual(MOST_PER_MINUTE);
    });
    fc.assert(holds, { seed: SEED, numRuns: RUNS_EACH });
  });
});

/** Each was found by a million histories, and broke a rule or the check of it. */
const FOUND: readonly (readonly [what: string, start: Partial<History>, ops: readonly Op[]])[] = [
  [
    'the sign-in that a user began last is the session, although the provider answered it first',
    { seed: 1_492_433_688, accessMs: 0, refreshable: false, disk: 'session' },
    [
      { op: 'request', slot: 'old' },
      { op: 'restored', slot: 'old' },
      { op: 'advance', ms: 363 },
      { op: 'restored', slot: 'old' },
      { op: 'refuse-again', slot: 'old' },
      { op: 'advance', ms: 71 },
      { op: 'sign-in', slot: 'old', kind: 'password' },
      { op: 'request', slot: 'old' },
      { op: 'sign-in', slot: 'old', kind: 'password' },
    ],
  ],
  [
    'a worker that could not read the disk, and then reads a session there, reports the disk',
    { disk: 'empty' },
    [
      { op: 'store', readable: false, writable: false, slowMs: 400 },
      { op: 'update' },
      { op: 'advance', ms: 1_616 },
      { op: 'refuse', slot: 'old', back: 0, challenge: 'token' },
      { op: 'advance', ms: 5_842 },
      { op: 'restored', slot: 'waiting' },
      { op: 'sign-in', slot: 'old', kind: 'ticket' },
    ],
  ],
  [
    'the sign-in of another worker ends the trouble of this one',
    { refreshable: false, disk: 'empty' },
    [
      { op: 'sign-in', slot: 'old', kind: 'password' },
      { op: 'advance', ms: 209 },
      { op: 'update' },
      { op: 'sign-in', slot: 'waiting', kind: 'password' },
      { op: 'expire-access' },
      { op: 'advance', ms: 109 },
      { op: 'record-changed', slot: 'old' },
      { op: 'record-changed', slot: 'old' },
    ],
  ],
];

test.each(FOUND)('%s', (_what, start, ops) => {
  const history: History = {
    ...{ seed: 0, grace: 0, accessMs: 300_000, lifetimeMs: undefined, refreshable: true, disk: 'session', ...start },
    ops,
  };
  expect(play(history)).toEqual([]);
});
