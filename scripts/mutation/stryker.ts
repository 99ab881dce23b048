/** Stryker (https://stryker-mutator.io): it changes a source, one place at a time, and runs the tests that cover it. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseJson } from '../../src/protocol/schema/json.ts';
import { count, ifAbsent, list, record } from '../../src/protocol/schema/schema-types.ts';
import { object, string, type Infer } from '../../src/protocol/schema/schema.ts';
import { ended, start } from '../process/run.ts';
import { CORE_TESTS, HOST_TESTS, TESTS_VARIABLE } from './tests.ts';

export const FOLDER = join('.cache', 'stryker');

/**
 * Not dependencies: npm fetches them on first use. Stryker 10 needs Node 22, and 9 reads a tsconfig.json with a function that
 * TypeScript 7 does not have.
 */
const PACKAGES = ['@stryker-mutator/core@9.6.1', '@stryker-mutator/vitest-runner@9.6.1', 'typescript@5.9.3'];
/** A share of the random histories: each mutant plays them again. */
const HISTORIES_SHARE = '0.1';

const root = process.cwd();
const report = join(FOLDER, 'report.json');

const configFor = (file: string, places: readonly string[]): object => ({
  packageManager: 'npm',
  plugins: [join(root, FOLDER, 'node_modules/@stryker-mutator/vitest-runner/dist/src/index.js')],
  testRunner: 'vitest',
  vitest: { configFile: 'scripts/mutation/vitest.config.ts' },
  // Some files of the core have their tests with the host.
  allowEmpty: true,
  mutate: places,
  ignorePatterns: ['dist', 'docs', 'test-results', 'playwright-report'],
  tempDirName: join(FOLDER, 'work'),
  concurrency: 2,
  reporters: ['progress-append-only', 'html', 'json'],
  htmlReporter: { fileName: join(FOLDER, 'reports', `${file.replaceAll('/', '_')}.html`) },
  jsonReporter: { fileName: report },
});

export const installStryker = async (): Promise<void> => {
  await mkdir(FOLDER, { recursive: true });
  const args = ['install', '--prefix', FOLDER, '--no-audit', '--no-fund', '--legacy-peer-deps', ...PACKAGES];
  if ((await ended(start('npm', args))) !== 0) throw new Error('npm could not install Stryker. Its message is above.');
};

const PLACE = object({ line: count, column: count });
const MUTANT = object({
  status: string,
  mutatorName: string,
  replacement: ifAbsent(string, ''),
  location: object({ start: PLACE, end: PLACE }),
});
const REPORT = object({ files: record(object({ mutants: list(MUTANT) })) });
type Mutant = Infer<typeof MUTANT>;

/** How many changes of a file a test noticed, how many none did, and which these are. */
export type Score = { noticed: number; survivors: readonly string[] };

/** A mutant that ends in an endless loop is noticed, too. One that makes no valid program does not count. */
const isNoticed = ({ status }: Mutant): boolean => status === 'Killed' || status === 'Timeout';
const hasSurvived = ({ status }: Mutant): boolean => status === 'Survived' || status === 'NoCoverage';

/** Stryker's reports count columns from 1, and its options from 0. */
const rangeOf = ({ location: { start, end } }: Mutant): string =>
  `${start.line}:${start.column - 1}-${end.line}:${end.column - 1}`;

const nameOf = (mutant: Mutant): string => `${rangeOf(mutant)} ${mutant.mutatorName}: ${mutant.replacement}`;

/** Plays the mutants at these places of a file. */
const play = async (file: string, places: readonly string[], tests: readonly string[]): Promise<readonly Mutant[]> => {
  const config = join(FOLDER, 'config.json');
  await writeFile(config, JSON.stringify(configFor(file, places)));
  const stryker = join(FOLDER, 'node_modules/@stryker-mutator/core/bin/stryker.js');
  const env = { HISTORIES_SHARE, [TESTS_VARIABLE]: tests.join(' ') };
  const code = await ended(start('node', [stryker, 'run', config], { env }));
  if (code !== 0) throw new Error(`Stryker could not play ${file}. Its message is above.`);
  const found = REPORT.read(parseJson(await readFile(report, 'utf8')));
  if (!found) throw new Error(`${report} is no report of Stryker.`);
  return found.files[file]?.mutants ?? [];
};

/** Plays all mutants of one file, and those that the core's tests did not notice again. A file without a place to change has none. */
export const mutate = async (file: string): Promise<Score> => {
  const first = await play(file, [file], CORE_TESTS);
  const left = first.filter(hasSurvived);
  const again = left.map((mutant) => `${file}:${rangeOf(mutant)}`);
  const second = left.length === 0 ? [] : await play(file, [...new Set(again)], HOST_TESTS);
  const noticed = new Set(second.filter(isNoticed).map(nameOf));
  const survivors = left.map(nameOf).filter((name) => !noticed.has(name));
  return { noticed: first.filter(isNoticed).length + left.length - survivors.length, survivors };
};
