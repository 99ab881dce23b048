/** Stryker (https://stryker-mutator.io): it changes a source, one place at a time, and runs the tests that cover it. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseJson } from '../../src/protocol/schema/json.ts';
import { list, record } from '../../src/protocol/schema/schema-types.ts';
import { object, string } from '../../src/protocol/schema/schema.ts';
import { ended, start } from '../process/run.ts';
import { TESTS_VARIABLE, testsOf } from './tests-of.ts';

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

const configFor = (file: string): object => ({
  packageManager: 'npm',
  plugins: [join(root, FOLDER, 'node_modules/@stryker-mutator/vitest-runner/dist/src/index.js')],
  testRunner: 'vitest',
  vitest: { configFile: 'scripts/mutation/vitest.config.ts' },
  mutate: [file],
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

const REPORT = object({ files: record(object({ mutants: list(object({ status: string })) })) });

/** How many changes of a file a test noticed, and how many none did. */
export type Score = { noticed: number; survived: number };

/** A mutant that ends in an endless loop is noticed, too. One that makes no valid program does not count. */
const scoreOf = (mutants: readonly { status: string }[]): Score => {
  const count = (...statuses: readonly string[]): number =>
    mutants.filter(({ status }) => statuses.includes(status)).length;
  return { noticed: count('Killed', 'Timeout'), survived: count('Survived', 'NoCoverage') };
};

/** Plays all mutants of one file. A file without a place to change has none. */
export const mutate = async (file: string): Promise<Score> => {
  const config = join(FOLDER, 'config.json');
  await writeFile(config, JSON.stringify(configFor(file)));
  const stryker = join(FOLDER, 'node_modules/@stryker-mutator/core/bin/stryker.js');
  const env = { HISTORIES_SHARE, [TESTS_VARIABLE]: testsOf(file) };
  const code = await ended(start('node', [stryker, 'run', config], { env }));
  if (code !== 0) throw new Error(`Stryker could not play ${file}. Its message is above.`);
  const found = REPORT.read(parseJson(await readFile(report, 'utf8')));
  if (!found) throw new Error(`${report} is no report of Stryker.`);
  return scoreOf(found.files[file]?.mutants ?? []);
};
