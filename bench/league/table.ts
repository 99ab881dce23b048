import { countResults, type ScenarioResult } from '../../lab/results/result.ts';
import type { LabScenario } from '../../lab/scenarios/scenario.ts';
import { inWords } from '../../lab/run/verdict.ts';
import { markdownTable } from '../../scripts/docs/figures.ts';
import type { Tally } from './sockets/tally.ts';

/** An entry and what it did. `tallies`: of its messages, by scenario; empty in a league without messages. */
export type Entrant = {
  readonly name: string;
  readonly results: readonly ScenarioResult[];
  readonly tallies: ReadonlyMap<string, Tally>;
};

/** How the lab begins its sentence about a socket that is not open again. */
const NOT_CONNECTED = 'Not connected';

/** The verdict, and what was lost. */
const cellOf = ({ results, tallies }: Entrant, { id }: LabScenario): string => {
  const result = results.find((each) => each.id === id);
  if (!result) return '';
  const tally = tallies.get(id);
  if (!tally || result.verdict !== 'lost') return result.verdict;
  const details = [
    result.summary.startsWith(NOT_CONNECTED) && 'not connected',
    tally.lost > 0 && `${tally.lost} of ${tally.published} messages missing`,
    tally.repeated > 0 && `${tally.repeated} came twice`,
  ].filter((detail) => detail !== false);
  return [result.verdict, details.join(', ')].filter((part) => part !== '').join(': ');
};

const sumOf = ({ tallies }: Entrant, of: 'published' | 'lost' | 'repeated'): number =>
  [...tallies.values()].reduce((sum, tally) => sum + tally[of], 0);

/** From the healed world until the page is connected and has all messages. */
const medianBack = ({ results }: Entrant): string => {
  const times = results.flatMap(({ backAfterMs }) => (backAfterMs === undefined ? [] : [backAfterMs]));
  const middle = times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)];
  return middle === undefined ? '' : inWords(middle);
};

/** One row for each scenario, with an entry in each column. The first rows are the sums. */
export const leagueTable = (scenarios: readonly LabScenario[], entrants: readonly Entrant[]): string => {
  const row = (title: string, cell: (entrant: Entrant) => string): string[] => [title, ...entrants.map(cell)];
  const hasMessages = entrants.some(({ tallies }) => tallies.size > 0);
  return markdownTable([
    row('scenario', ({ name }) => name),
    row('**kept**', ({ results }) => {
      const { kept, run } = countResults(results);
      return `${kept} of ${run}`;
    }),
    ...(hasMessages
      ? [
          row('**messages missing**', (entrant) => `${sumOf(entrant, 'lost')} of ${sumOf(entrant, 'published')}`),
          row('**messages that came twice**', (entrant) => String(sumOf(entrant, 'repeated'))),
          row('**median time until all is back**', medianBack),
        ]
      : []),
    ...scenarios.map((scenario) =>
      row(`${scenario.title} (\`${scenario.id}\`)`, (entrant) => cellOf(entrant, scenario)),
    ),
  ]);
};
