import { describe, expect, test } from 'vitest';
import { plotOf } from '../../bench/league/plot.ts';
import { SOCKET_SCENARIOS } from '../../bench/league/sockets/socket-scenarios.ts';
import { tallyOf } from '../../bench/league/sockets/tally.ts';
import { leagueTable, type Entrant } from '../../bench/league/table.ts';
import type { ScenarioResult } from '../../lab/results/result.ts';
import { readScenario } from '../../lab/scenarios/scenario.ts';

const result = (
  id: string,
  verdict: ScenarioResult['verdict'],
  summary = '',
  backAfterMs?: number,
): ScenarioResult => ({
  ...{ id, title: id, category: 'connection', why: '', verdict, summary, seed: 1, ms: 1, timeline: [], declared: [] },
  ...(backAfterMs === undefined ? {} : { backAfterMs }),
});
const scenarios = SOCKET_SCENARIOS.filter(({ id }) => ['half-open', 'handover', 'worker-killed-at-rest'].includes(id));
const entrants: readonly Entrant[] = [
  {
    name: 'a',
    results: [
      result('half-open', 'kept', '', 400),
      result('handover', 'kept', '', 900),
      result('worker-killed-at-rest', 'kept', '', 100),
    ],
    tallies: new Map([
      ['half-open', tallyOf(3, [1, 2, 3])],
      ['handover', tallyOf(3, [3, 1, 2])],
    ]),
  },
  {
    name: 'b',
    results: [
      result('half-open', 'lost', 'Not connected again within 1 min.'),
      result('handover', 'lost', '1 messages were lost and 2 came twice.'),
      result('worker-killed-at-rest', 'skipped'),
    ],
    tallies: new Map([
      ['half-open', tallyOf(3, [1])],
      ['handover', tallyOf(3, [1, 2, 2, 1])],
    ]),
  },
];

describe('the table of a league', () => {
  const lines = leagueTable(scenarios, entrants).split('\n');

  test('says what each app kept, and what became of its messages', () => {
    expect(lines).toContain('| **kept** | 3 of 3 | 0 of 2 |');
    expect(lines).toContain('| **messages missing** | 0 of 6 | 3 of 6 |');
    expect(lines).toContain('| **messages that came twice** | 0 | 2 |');
    expect(lines).toContain('| **median time until all is back** | 0.4 s |  |');
  });

  test('says why something was lost', () => {
    const cells = (id: string): string | undefined => lines.find((line) => line.includes(`\`${id}\``));
    expect(cells('half-open')).toContain('| kept | lost: not connected, 2 of 3 messages missing |');
    expect(cells('handover')).toContain('| kept | lost: 1 of 3 messages missing, 2 came twice |');
    expect(cells('worker-killed-at-rest')).toContain('| kept | skipped |');
  });

  test('has no messages where there are none', () => {
    const bare = entrants.map((entrant) => ({ ...entrant, tallies: new Map<string, never>() }));
    expect(leagueTable(scenarios, bare)).not.toContain('messages');
    expect(leagueTable(scenarios, bare)).toContain('| kept | lost |');
  });
});

describe('the scenarios of the socket league', () => {
  test.each(SOCKET_SCENARIOS)('$id waits for the socket, and has messages unless the page changes', (scenario) => {
    expect(readScenario(scenario)).toEqual(scenario);
    const needs: readonly string[] = scenario.needs;
    expect(needs).toContain('socket');
    const steps = scenario.steps.map(({ type }) => type);
    expect(steps.includes('publish')).toBe(!steps.some((type) => type === 'reload' || type === 'back-forward'));
    expect(needs.includes('messages')).toBe(steps.includes('publish'));
  });
});

test('the plot of a league has room for the longest name', () => {
  const bar = { kept: 1, run: 2, lost: 1, disturbed: 0, skipped: 0, broken: 0 };
  expect(plotOf([{ name: 'a', ...bar }])).toContain('viewBox="0 0 640 78"');
  expect(plotOf([{ name: 'a'.repeat(30), ...bar }])).toContain('viewBox="0 0 753 78"');
});
