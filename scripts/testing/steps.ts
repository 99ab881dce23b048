import { join } from 'node:path';
import { ensureBrowser } from '../browsers/find-browser.ts';
import { runBrowserTests } from './browser-tests.ts';
import { runCheck, finish } from './commands.ts';
import { playwrightCounts, vitestCounts, type Counts } from './reports.ts';

export type TestStep = { name: string; run: () => Promise<Counts> };

/** Steps that run beside each other. */
export type TestGroup = readonly TestStep[];

export const REPORTS = join(process.cwd(), '.cache', 'reports');

/** A tenth of the random histories finds most broken changes within seconds. CI runs all of them. */
const SHORT_HISTORIES = { HISTORIES_SHARE: '0.1' };

const command = (name: string, program: string, ...args: string[]): TestStep => ({
  name,
  run: () => runCheck(program, args),
});

const browser: TestStep = {
  name: 'browser',
  run: async () => {
    const { path, from } = ensureBrowser();
    console.log(`   ${path} (${from})`);
    return { passed: 1, failed: 0 };
  },
};

const unitTests = (name: string, args: readonly string[], env?: Record<string, string>): TestStep => ({
  name,
  run: async () => {
    const report = join(REPORTS, `${name.replaceAll(' ', '-')}.json`);
    const reporters = [
      '--reporter=./scripts/testing/vitest-reporter.ts',
      '--reporter=json',
      `--outputFile.json=${report}`,
    ];
    return vitestCounts(report, await finish('vitest', ['run', ...args, ...reporters], env));
  },
});

const browserTests = (name: string, ...args: string[]): TestStep => ({
  name,
  run: () => runBrowserTests(join(REPORTS, `${name.replaceAll(' ', '-')}.json`), args),
});

/** The stories in Firefox and WebKit, without the one that only waits. Installs the browsers where it may. */
const otherEngines: TestStep = {
  name: 'other engines',
  run: async () => {
    const report = join(REPORTS, 'engines.json');
    const engines = ['--project=firefox', '--project=webkit', '--grep-invert=idle for'];
    const args = ['--import', 'tsx', 'scripts/browsers/engines.ts', ...engines];
    return playwrightCounts(report, await finish('node', args, { ENGINES_REPORT: report }));
  },
};

/** What a developer runs before each push: at most 6 minutes on two cores. */
const MAIN: readonly TestGroup[] = [
  [browser],
  [command('build', 'vite', 'build')],
  [command('types', 'tsc', '-b', '--force')],
  [command('lint', 'oxlint')],
  [command('templates', 'node', '--import', 'tsx', 'scripts/checks/lint-lit.ts')],
  [command('format', 'oxfmt', '--check')],
  [unitTests('unit tests', ['--project=unit', '--project=isolated'], SHORT_HISTORIES)],
  [browserTests('main stories', '--project=stories')],
];

const REST: readonly TestGroup[] = [
  // Each of them needs at most one core: they wait for browsers, for Redis and for the network.
  [
    unitTests('integration tests', ['--project=integration']),
    unitTests('servers on Redis', ['--project=redis']),
    command('supply chain', 'node', '--import', 'tsx', 'scripts/supply-chain/supply-chain.ts'),
  ],
  // Not beside Redis: both may install packages, and apt has one lock. VitePress fails on a link that leads nowhere.
  [
    otherEngines,
    unitTests('all histories', ['test/core', '--project=unit']),
    command('docs', 'vitepress', 'build', 'docs'),
  ],
  [command('browser matrix', 'node', '--import', 'tsx', 'scripts/docs/browser-matrix.ts', '--check')],
  [browserTests('browser tests', '--project=browser', '--project=waits')],
  // Tests that bound a time run after the others and one by one.
  [browserTests('timed tests', '--project=timed', '--workers=1', '--output=test-results/timed')],
  [command('package', 'node', '--import', 'tsx', 'scripts/package/pack.ts')],
  [command('size', 'node', '--import', 'tsx', 'scripts/size.ts')],
];

/** The legs of the suite. */
export const LEGS: Readonly<Record<'main' | 'rest', readonly TestGroup[]>> = { main: MAIN, rest: REST };
