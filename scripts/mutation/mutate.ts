import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parseJson } from '../../src/protocol/schema/json.ts';
import { list, record } from '../../src/protocol/schema/schema-types.ts';
import { object, string } from '../../src/protocol/schema/schema.ts';
import { machineName, markdownTable, writeFigures } from '../docs/figures.ts';
import { ended, start } from '../process/run.ts';

/*
 * `npm run mutate`: Stryker (https://stryker-mutator.io) changes the core, one place at a time, and runs the tests that
 * cover it. A change that no test notices has survived. `--files a,b` chooses files, `--docs` writes the table into the
 * documents. Each run plays all mutants: of an incremental one, three of 145 results were wrong, because their tests had
 * changed. The report is `.cache/stryker/report.html`.
 */

/**
 * Not dependencies: npm fetches them on first use. Stryker 10 needs Node 22, and 9 reads a tsconfig.json with a function that
 * TypeScript 7 does not have.
 */
const PACKAGES = ['@stryker-mutator/core@9.6.1', '@stryker-mutator/vitest-runner@9.6.1', 'typescript@5.9.3'];
const FOLDER = join('.cache', 'stryker');
const CORE = 'src/core/**/*.ts';
/** In percent. */
const LEAST = 90;
/** A share of the random histories: each mutant plays them again. */
const HISTORIES_SHARE = '0.1';

const { values } = parseArgs({
  options: { files: { type: 'string', default: CORE }, docs: { type: 'boolean', default: false } },
});
const root = process.cwd();
const report = join(FOLDER, 'report.json');

const CONFIG = {
  packageManager: 'npm',
  plugins: [join(root, FOLDER, 'node_modules/@stryker-mutator/vitest-runner/dist/src/index.js')],
  testRunner: 'vitest',
  vitest: { configFile: 'scripts/mutation/vitest.config.ts' },
  mutate: values.files.split(','),
  ignorePatterns: ['dist', 'docs', 'test-results', 'playwright-report'],
  tempDirName: join(FOLDER, 'work'),
  concurrency: 2,
  reporters: ['progress-append-only', 'html', 'json'],
  htmlReporter: { fileName: join(FOLDER, 'report.html') },
  jsonReporter: { fileName: report },
};

const install = async (): Promise<void> => {
  const args = ['install', '--prefix', FOLDER, '--no-audit', '--no-fund', '--legacy-peer-deps', ...PACKAGES];
  if ((await ended(start('npm', args))) !== 0) throw new Error('npm could not install Stryker. Its message is above.');
};

const REPORT = object({ files: record(object({ mutants: list(object({ status: string })) })) });

type Score = { name: string; killed: number; survived: number };

/** A mutant that ends in an endless loop is noticed, too. One that makes no valid program does not count. */
const scoreOf = (name: string, mutants: readonly { status: string }[]): Score => {
  const count = (...statuses: readonly string[]): number =>
    mutants.filter(({ status }) => statuses.includes(status)).length;
  return { name, killed: count('Killed', 'Timeout'), survived: count('Survived', 'NoCoverage') };
};

const percentOf = ({ killed, survived }: Score): number => (100 * killed) / Math.max(1, killed + survived);

await mkdir(FOLDER, { recursive: true });
await install();
const config = join(FOLDER, 'config.json');
await writeFile(config, JSON.stringify(CONFIG));
const stryker = join(FOLDER, 'node_modules/@stryker-mutator/core/bin/stryker.js');
const code = await ended(start('node', [stryker, 'run', config], { env: { HISTORIES_SHARE } }));
if (code !== 0) throw new Error('Stryker could not run. Its message is above.');
const found = REPORT.read(parseJson(await readFile(report, 'utf8')));
if (!found) throw new Error(`${report} is no report of Stryker.`);
const scores = Object.entries(found.files).map(([name, { mutants }]) => scoreOf(name, mutants));
const sum = (key: 'killed' | 'survived'): number => scores.reduce((all, each) => all + each[key], 0);
const total: Score = { name: '**all**', killed: sum('killed'), survived: sum('survived') };
const rows = [...scores, total].map((score) => [
  score.name,
  String(score.killed),
  String(score.survived),
  `${percentOf(score).toFixed(1)} %`,
]);
const table = markdownTable([['file', 'noticed', 'survived', 'score'], ...rows]);
console.log(`${machineName()}\n${table}`);
if (values.docs) await writeFigures({ name: 'mutants', command: 'npm run mutate', body: table });
process.exitCode = percentOf(total) >= LEAST ? 0 : 1;
