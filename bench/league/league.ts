import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { countResults, readLabReport, type LabReport, type ScenarioResult } from '../../lab/results/result.ts';
import { runLab } from '../../lab/run/lab-run.ts';
import { ALL_SCENARIOS } from '../../lab/scenarios/all-scenarios.ts';
import type { SignInModule } from '../../lab/site/sign-in-module.ts';
import { parseJson } from '../../src/protocol/schema/json.ts';
import { ensureBrowser } from '../../scripts/browsers/find-browser.ts';
import { machineName, markdownTable, writeFigures } from '../../scripts/docs/figures.ts';
import { plotOf } from './plot.ts';
import { ENTRIES, startLeagueSite, type Entry } from './site.ts';

/*
 * `npm run lab:league`: the same scenarios of the resilience lab against the same small app, built with this product and with
 * other libraries. `--scenario a,b` and `--entries a,b` choose, `--seed N` repeats, `--docs` writes table and plot into the
 * documents. The reports are in `.cache/league`. Entries that were not chosen keep their report there.
 */

/** What needs a socket, messages, or a hook that these apps do not have, is not for them. */
const NEEDS_MORE = new Set(['socket', 'messages', 'deploy', 'revoke', 'other-user']);
/** The apps have no way to sign out. */
const NOT_FOR_THEM = new Set(['signed-out-elsewhere']);
const OUT = '.cache/league';
const PLOT = 'docs/reference/league.svg';
const FORM_WITHIN_MS = 30_000;

const { values } = parseArgs({
  options: {
    scenario: { type: 'string' },
    entries: { type: 'string' },
    seed: { type: 'string', default: '1' },
    docs: { type: 'boolean', default: false },
  },
});

const site: SignInModule = {
  signIn: async (page) => {
    await page.getByRole('button', { name: 'Sign in' }).click({ timeout: FORM_WITHIN_MS });
    await page.getByLabel('User name').fill('demo', { timeout: FORM_WITHIN_MS });
    await page.getByLabel('Password').fill('demo');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'You are signed in' }).waitFor({ timeout: FORM_WITHIN_MS });
  },
  isSignedIn: (page) => page.getByRole('heading', { name: 'You are signed in' }).isVisible(),
  proof: '/api/v1/auth/whoami',
  userField: 'sub',
};

const names = values.scenario?.split(',');
const scenarios = ALL_SCENARIOS.filter(
  ({ id, needs }) =>
    (names?.includes(id) ?? true) && !NOT_FOR_THEM.has(id) && !needs.some((need) => NEEDS_MORE.has(need)),
);
const entries = ENTRIES.filter(({ name }) => values.entries?.split(',').includes(name) ?? true);
const { path: executablePath } = ensureBrowser();

const fileOf = ({ name }: Entry): string => join(OUT, `${name}.json`);

const play = async (entry: Entry): Promise<LabReport> => {
  const { url, stop } = await startLeagueSite(entry);
  try {
    return await runLab({
      ...{ url, site, scenarios, seed: Number(values.seed), engine: 'chromium', executablePath },
      ...{ realTime: false, trust: 'checked', headed: false },
      onProgress: (progress) => {
        if (progress.type !== 'result') return;
        const { id, verdict, summary } = progress.result;
        console.error(`${entry.name} ${progress.index + 1}/${progress.total} ${id}: ${verdict}. ${summary}`);
      },
    });
  } finally {
    await stop();
  }
};

await mkdir(OUT, { recursive: true });
console.log(machineName());
for (const entry of entries) await writeFile(fileOf(entry), JSON.stringify(await play(entry)));
const reports: { name: string; results: readonly ScenarioResult[] }[] = [];
for (const entry of ENTRIES) {
  const report = readLabReport(parseJson(await readFile(fileOf(entry), 'utf8').catch(() => '')));
  if (report) reports.push({ name: entry.name, results: report.results });
}

const rows = scenarios.map(({ id, title }) => [
  `${title} (\`${id}\`)`,
  ...reports.map(({ results }) => results.find((result) => result.id === id)?.verdict ?? ''),
]);
const totals = reports.map(({ results }) => {
  const { kept, run } = countResults(results);
  return `${kept} of ${run}`;
});
const table = markdownTable([['scenario', ...reports.map(({ name }) => name)], ['**kept**', ...totals], ...rows]);
console.log(table);
if (values.docs) {
  await writeFile(PLOT, plotOf(reports.map(({ name, results }) => ({ name, ...countResults(results) }))));
  const body = `![How many scenarios each app survived](league.svg)\n\n${table}`;
  await writeFigures({ name: 'league', command: 'npm run lab:league', body });
}
process.exit(0);
