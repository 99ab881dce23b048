import { historyCount } from '../../support/history-count.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Invariant } from '../session-world/session-end-check.ts';
import { histories, play } from '../session-world/session-histories.ts';
import { MOST_PER_MINUTE, stormOf, storms } from '../session-world/session-storms.ts';

/** The same histories each time, so that a failure is about the change at hand; `SEED=$RANDOM` looks elsewhere. */
const SEED = Number(process.env['SEED'] ?? 1);

/** Histories over all properties of this file. */
const RUNS = historyCount(20_000);

type Property = { invariant: Invariant; title: string };

const PROPERTIES: readonly Property[] = [
  { invariant: 1, title: 'at most one refresh is in flight, and its worker holds the lock [property-one-refresh]' },
  { invariant: 2, title: 'a session ends for one of three reasons, with evidence, and stays ended' },
  { invariant: 3, title: 'nothing is given out, and nobody told, before the disk has it [property-durable-first]' },
  { invariant: 4, title: 'every request and every order is answered exactly once' },
  { invariant: 5, title: 'a 401 for an older token is replayed with the newer one, without a refresh' },
  { invariant: 8, title: 'a socket makes the session look at a token, and nothing else [property-socket-harmless]' },
  { invariant: 9, title: 'when the world heals, every session is active again by itself' },
  {
    invariant: 12,
    title:
      'a token that was sent is sent again only while its answer is unknown; with a patient provider nothing is lost',
  },
  {
    invariant: 'calm',
    title: 'an early refresh, and its failure, change nothing that a request with a good token sees',
  },
];

/** The storms are the tenth part. */
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

  test('no storm: constant 401s, tokens that are over at once, and failing providers cause a bounded number of token requests [property-no-storm]', () => {
    const holds = fc.property(storms, (storm) => {
      expect(stormOf(storm)).toBeLessThanOrEqual(MOST_PER_MINUTE);
    });
    fc.assert(holds, { seed: SEED, numRuns: RUNS_EACH });
  });
});
