import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { htmlReport } from '../../lab/report/html/html-report.ts';
import { countResults, readLabReport, type LabReport } from '../../lab/results/result.ts';
import { runLab, type LabProgress } from '../../lab/run/lab-run.ts';
import { ALL_SCENARIOS, chooseScenarios } from '../../lab/scenarios/all-scenarios.ts';
import type { LabScenario } from '../../lab/scenarios/scenario.ts';
import { parseJson } from '../../src/protocol/schema/json.ts';
import { ensureBrowser } from '../../scripts/browsers/find-browser.ts';
import { install, startApp, type ExampleApp } from './app.ts';
import { nodeRed } from './node-red.ts';
import { theLounge } from './the-lounge.ts';
import { verdaccio } from './verdaccio.ts';

/*
 * `npm run lab:examples`: the resilience lab against public apps of the npm registry. `--apps a,b` and `--scenario a,b` choose,
 * `--seed N` repeats. It writes the page of the app in docs/lab/examples, and a JSON report in `.cache/lab-examples`. Scenarios
 * that were not chosen keep their result of that report.
 */

const APPS: readonly ExampleApp[] = [nodeRed, theLounge, verdaccio];
const CACHE = '.cache/lab-examples';
/** As shells report an interrupted command. */
const INTERRUPTED = 130;
const PAGES = 'docs/lab/examples';

const { values } = parseArgs({
  options: {
    apps: { type: 'string' },
    scenario: { type: 'string', default: '' },
    seed: { type: 'string', default: '1' },
  },
});

const named = values.scenario.split(',').filter(Boolean);
const scenarios = chooseScenarios(named, ALL_SCENARIOS);
const apps = APPS.filter(({ name }) => values.apps?.split(',').includes(name) ?? true);
if (scenarios.length === 0 || apps.length === 0) {
  console.error(
    `Nothing to run. The apps: ${APPS.map(({ name }) => name).join(', ')}. Scenarios: docs/reference/lab.md.`,
  );
  process.exit(2);
}
const { path: executablePath } = ensureBrowser();

const printProgress = (name: string, progress: LabProgress): void => {
  if (progress.type === 'step') return;
  if (progress.type === 'scenario') {
    const { scenario, index, total, leftMs } = progress;
    console.error(`${name} ${index + 1}/${total} ${scenario.id} … (about ${Math.ceil(leftMs / 60_000)} min left)`);
    return;
  }
  const { id, verdict, summary, ms } = progress.result;
  console.error(
    `${name} ${progress.index + 1}/${progress.total} ${id}: ${verdict} (${Math.round(ms / 1000)} s). ${summary}`,
  );
};

const fileOf = ({ name }: ExampleApp): string => join(CACHE, `${name}.json`);

const play = async (app: ExampleApp): Promise<LabReport> => {
  const older = readLabReport(parseJson(await readFile(fileOf(app), 'utf8').catch(() => '')));
  const done = older?.results.filter(({ id }) => scenarios.every((scenario) => scenario.id !== id));
  const isKnown = ({ id }: LabScenario): boolean => done?.some((result) => result.id === id) ?? false;
  await install(app);
  const { url, site, stop } = await startApp(app);
  const interrupted = (): void => void stop().then(() => process.exit(INTERRUPTED));
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  try {
    return await runLab({
      ...{ url, site, done, scenarios: ALL_SCENARIOS.filter((each) => scenarios.includes(each) || isKnown(each)) },
      ...{ seed: Number(values.seed), engine: 'chromium', executablePath },
      ...{ realTime: false, trust: 'checked', headed: false },
      // An app may ask its maker for news. The run needs only the app.
      allows: (host) => host === 'localhost',
      onProgress: (progress) => printProgress(app.name, progress),
    });
  } finally {
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
    await stop();
  }
};

await mkdir(CACHE, { recursive: true });
await mkdir(PAGES, { recursive: true });
for (const app of apps) {
  const report = await play(app);
  await writeFile(fileOf(app), `${JSON.stringify(report, undefined, 1)}\n`);
  const page = join(PAGES, `${app.name}.html`);
  await writeFile(page, htmlReport(report));
  const { kept, run, skipped, broken } = countResults(report.results);
  console.log(
    `${app.name} ${app.version}: kept ${kept} of ${run}, ${skipped} not run, ${broken} where the lab failed. ${page}`,
  );
}
process.exit(0);
