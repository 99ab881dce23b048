import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { countResults, readLabReport } from '../../lab/results/result.ts';
import { runLab } from '../../lab/run/lab-run.ts';
import { isObject, own, parseJson } from '../../src/protocol/schema/json.ts';
import { count, record } from '../../src/protocol/schema/schema-types.ts';
import { object } from '../../src/protocol/schema/schema.ts';
import { ensureBrowser } from '../../scripts/browsers/find-browser.ts';
import { machineName, writeFigures } from '../../scripts/docs/figures.ts';
import { SESSION_LEAGUE, SOCKET_LEAGUE } from './leagues.ts';
import { plotOf } from './plot.ts';
import type { Tally } from './sockets/tally.ts';
import { leagueTable, type Entrant } from './table.ts';

/*
 * `npm run lab:league`: the same scenarios of the resilience lab against the same small app, built with this product and with
 * other libraries. `--sockets` plays those of connection and messages, against an app with a WebSocket. `--scenario a,b` and
 * `--entries a,b` choose, `--seed N` repeats, `--docs` writes table and plot into the documents. The reports are in
 * `.cache/league`. Entries that were not chosen keep their report there.
 */

const OUT = '.cache/league';
const TALLIES = record(object({ published: count, lost: count, repeated: count }));

const { values } = parseArgs({
  options: {
    sockets: { type: 'boolean', default: false },
    scenario: { type: 'string' },
    entries: { type: 'string' },
    seed: { type: 'string', default: '1' },
    docs: { type: 'boolean', default: false },
  },
});

const league = values.sockets ? SOCKET_LEAGUE : SESSION_LEAGUE;
const names = values.scenario?.split(',');
const scenarios = league.scenarios.filter(({ id }) => names?.includes(id) ?? true);
const chosen = league.entries.filter((name) => values.entries?.split(',').includes(name) ?? true);
const { path: executablePath } = ensureBrowser();

const fileOf = (name: string): string => join(OUT, values.sockets ? 'sockets' : '', `${name}.json`);

const inWords = ({ published, lost, repeated }: Tally): string =>
  published === 0 ? '' : ` Of ${published} messages, ${lost} are missing and ${repeated} came twice.`;

/** Plays an entry, and writes its report with what became of its messages. */
const play = async (name: string): Promise<void> => {
  const { url, site, stop, tally } = await league.start(name);
  const tallies: Record<string, Tally> = {};
  try {
    const report = await runLab({
      ...{ url, site, scenarios, seed: Number(values.seed), engine: 'chromium', executablePath },
      ...{ realTime: false, trust: 'checked', headed: false },
      onProgress: (progress) => {
        if (progress.type !== 'result') return;
        const { id, verdict, summary } = progress.result;
        const counted = tally?.();
        if (counted) tallies[id] = counted;
        const messages = counted ? inWords(counted) : '';
        console.error(`${name} ${progress.index + 1}/${progress.total} ${id}: ${verdict}. ${summary}${messages}`);
      },
    });
    await writeFile(fileOf(name), JSON.stringify({ ...report, tallies }));
  } finally {
    await stop();
  }
};

const readEntrant = async (name: string): Promise<Entrant[]> => {
  const written = parseJson(await readFile(fileOf(name), 'utf8').catch(() => ''));
  const report = readLabReport(written);
  if (!report) return [];
  const tallies = isObject(written) ? TALLIES.read(own(written, 'tallies')) : undefined;
  return [{ name, results: report.results, tallies: new Map(Object.entries(tallies ?? {})) }];
};

await mkdir(join(OUT, 'sockets'), { recursive: true });
console.log(machineName());
for (const name of chosen) await play(name);
const entrants = (await Promise.all(league.entries.map(readEntrant))).flat();
const table = leagueTable(scenarios, entrants);
console.log(table);
if (values.docs) {
  const plot = plotOf(entrants.map(({ name, results }) => ({ name, ...countResults(results) })));
  await writeFile(`docs/reference/${league.name}.svg`, plot);
  const body = `${league.notes}\n\n![How many scenarios each app survived](${league.name}.svg)\n\n${table}`;
  await writeFigures({ name: league.name, command: league.command, body });
}
process.exit(0);
