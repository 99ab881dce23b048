import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stepSession } from '../../src/core/session/session.ts';
import { histories, play } from './session-world/session-histories.ts';
import { MUTANTS as SESSION_MUTANTS } from './session-world/session-mutants.ts';
import { RESOURCE_MUTANTS } from './session-world/session-resource-mutants.ts';
import { INVARIANTS, MUTANTS as SOCKET_MUTANTS } from './socket-world/socket-mutants.ts';
import type { Stepper } from './session-world/session-world.ts';

const DOCUMENT = new URL('../../docs/invariants.md', import.meta.url);
/** Only one history in some thousands takes the rarest transitions. These runs include them all. */
const RUNS = [
  { seed: 4, numRuns: 2_400 },
  { seed: 5, numRuns: 2_100 },
  { seed: 14, numRuns: 1_500 },
];

/**
 * One history in tens of thousands takes these. Another worker's session is newer, and its token is over when this worker's
 * refresh ends (`adopt` in session-refresh.ts).
 */
const RAREST = ['ending --> refreshing', 'saving --> refreshing'];

const text = readFileSync(DOCUMENT, 'utf8');

type Row = { number: number; checks: readonly string[]; mutants: readonly string[] };

const linksIn = (cell: string): readonly string[] => [...cell.matchAll(/\]\(([^)]+)\)/g)].map(([, path = '']) => path);

const rows: readonly Row[] = [...text.matchAll(/^\| +(\d+) +\|[^|]+\|([^|]+)\|([^|]+)\|$/gm)].map(
  ([, number, checks = '', mutants = '']) => ({
    number: Number(number),
    checks: linksIn(checks),
    mutants: linksIn(mutants),
  }),
);

/** The invariants that a file checks, from its table. For other files, from their test titles. */
const TABLES: Readonly<Record<string, readonly unknown[]>> = {
  'session-mutants.ts': SESSION_MUTANTS.map(({ invariant }) => invariant),
  'session-resource-mutants.ts': RESOURCE_MUTANTS.map(({ invariant }) => invariant),
  'socket-mutants.ts': SOCKET_MUTANTS.map(([invariant]) => invariant),
  'socket.property.test.ts': Object.keys(INVARIANTS).map(Number),
};

const coversInvariant = (path: string, number: number): boolean =>
  TABLES[path.slice(path.lastIndexOf('/') + 1)]?.includes(number) ??
  new RegExp(String.raw`invariant ${number}\b|\binvariant: ${number}\b`).test(
    readFileSync(new URL(path, DOCUMENT), 'utf8'),
  );

test('lists each invariant once', () => {
  const numbers = rows.map(({ number }) => number);
  expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b));
  expect(numbers.length).toBeGreaterThan(12);
});

test.each(rows)('links invariant $number to its checks and its mutants', ({ number, checks, mutants }) => {
  expect(checks).not.toEqual([]);
  expect(mutants).not.toEqual([]);
  expect([...checks, ...mutants].filter((path) => !coversInvariant(path, number))).toEqual([]);
});

test('draws the transitions that random histories take, and no others', () => {
  // Mermaid allows no dash in the id of a state.
  const drawn = [...text.matchAll(/^ {2}([a-z_]+) --> ([a-z_]+):/gm)].map(([, from = '', to = '']) =>
    `${from} --> ${to}`.replaceAll('_', '-'),
  );
  const taken = new Set<string>();
  const watched: Stepper = (machine, ...rest) => {
    const step = stepSession(machine, ...rest);
    const [from, to] = [machine.state.state, step.machine.state.state];
    if (from !== to) taken.add(`${from} --> ${to}`);
    return step;
  };
  const playing = fc.property(histories(), (history) => void play(history, watched));
  for (const run of RUNS) fc.assert(playing, run);
  expect(drawn.toSorted()).toEqual([...new Set([...taken, ...RAREST])].toSorted());
});
