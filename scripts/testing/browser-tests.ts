import { argumentsToRepeat, crashedTests, type CrashedTest } from './crashes.ts';
import { finish } from './commands.ts';
import { playwrightCounts, readReport, type Counts } from './reports.ts';

const run = (report: string, args: readonly string[]): Promise<number> =>
  finish('playwright', ['test', ...args], { BROWSER_REPORT: report });

const noteOf = ({ file, title, what }: CrashedTest, outcome: string): string =>
  `${what} during ${file} "${title}"; ${outcome}`;

/**
 * Runs browser tests once. A test that failed while the browser itself crashed runs once more, and its second result
 * counts; the crash is reported in the notes. No other failure is repeated.
 */
export const runBrowserTests = async (report: string, args: readonly string[]): Promise<Counts> => {
  const counts = await playwrightCounts(report, await run(report, args));
  const crashed = crashedTests((await readReport(report)) ?? {});
  const failed = crashed.filter((test) => test.failed);
  const notes = crashed.filter((test) => !test.failed).map((test) => noteOf(test, 'the test passed all the same'));
  if (failed.length === 0) return { ...counts, notes: [...(counts.notes ?? []), ...notes] };

  console.log(`   The browser itself crashed in ${failed.length} test(s); running them once more.`);
  const again = report.replace(/\.json$/, '-after-crash.json');
  const options = args.filter((arg) => !arg.startsWith('--project='));
  const second = await playwrightCounts(again, await run(again, [...options, ...argumentsToRepeat(failed)]));
  const outcome = second.failed === 0 ? 'run once more, the test passed' : 'run once more, it failed again';
  return {
    passed: counts.passed + second.passed,
    failed: counts.failed - failed.length + second.failed,
    notes: [...(counts.notes ?? []), ...notes, ...failed.map((test) => noteOf(test, outcome))],
  };
};
