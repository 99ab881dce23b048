import type { ChildProcess } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureBrowser } from './browsers/find-browser.ts';
import { playwrightCounts, vitestCounts, type Counts } from './checks/reports.ts';
import { ended, start } from './process/run.ts';

type Step = { name: string; run: () => Promise<Counts> };
type Outcome = Counts & { name: string; ms: number };

const REPORTS = join(process.cwd(), '.cache', 'reports');
const UNIT_REPORT = join(REPORTS, 'unit.json');
const BROWSER_REPORT = join(REPORTS, 'browser.json');
const TIMED_REPORT = join(REPORTS, 'timed.json');

/** No step may keep the last line from being written. */
const STEP_LIMIT_MS = 22 * 60_000;

let running: ChildProcess | undefined;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    running?.kill(signal);
    process.exit(1);
  });
}

const finish = (command: string, args: readonly string[], env?: Record<string, string>): Promise<number> => {
  running = start(command, args, { env });
  return ended(running, STEP_LIMIT_MS);
};

/** A command that is one check: it succeeds or it does not. */
const check = (name: string, command: string, ...args: string[]): Step => ({
  name,
  run: async () => ((await finish(command, args)) === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }),
});

const browser: Step = {
  name: 'browser',
  run: async () => {
    const { path, from } = ensureBrowser();
    console.log(`${path} (${from})`);
    return { passed: 1, failed: 0 };
  },
};

const unitTests: Step = {
  name: 'unit tests',
  run: async () => {
    const args = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${UNIT_REPORT}`];
    return vitestCounts(UNIT_REPORT, await finish('vitest', args));
  },
};

const browserTests = (name: string, report: string, ...args: string[]): Step => ({
  name,
  run: async () => playwrightCounts(report, await finish('playwright', ['test', ...args], { BROWSER_REPORT: report })),
});

const STEPS: readonly Step[] = [
  browser,
  check('build', 'vite', 'build'),
  check('types', 'tsc', '-b', '--force'),
  check('lint', 'oxlint'),
  check('templates', 'node', '--import', 'tsx', 'scripts/checks/lint-lit.ts'),
  check('format', 'oxfmt', '--check'),
  unitTests,
  browserTests('browser tests', BROWSER_REPORT, '--project=chromium', '--project=waits'),
  // what is promised to take no longer than so: alone, and only then; the runner clears the folder that it writes to
  browserTests('timed tests', TIMED_REPORT, '--project=timed', '--workers=1', '--output=test-results/timed'),
  check('size', 'node', '--import', 'tsx', 'scripts/size.ts'),
];

const perform = async ({ name, run }: Step): Promise<Outcome> => {
  console.log(`\n── ${name} ${'─'.repeat(60 - name.length)}`);
  const startedAt = performance.now();
  const counts = await run().catch((error: unknown): Counts => {
    console.error(error);
    return {
      passed: 0,
      failed: 1,
      note: error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error),
    };
  });
  return { ...counts, name, ms: performance.now() - startedAt };
};

const row = ({ name, ms, passed, failed, note }: Outcome): string => {
  const cells = [
    name.padEnd(14),
    `${(ms / 1000).toFixed(1)} s`.padStart(8),
    `${passed} passed`.padStart(13),
    `${failed} failed`.padStart(10),
  ];
  return `${cells.join('')}${note ? `  ${note}` : ''}`;
};

await rm(REPORTS, { recursive: true, force: true });
await mkdir(REPORTS, { recursive: true });
const outcomes: Outcome[] = [];
for (const step of STEPS) outcomes.push(await perform(step));

const sum = (pick: (outcome: Outcome) => number): number =>
  outcomes.reduce((total, outcome) => total + pick(outcome), 0);
const failed = sum((outcome) => outcome.failed);
console.log(`\n${outcomes.map(row).join('\n')}\n`);
console.log(`${sum((outcome) => outcome.passed)} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
