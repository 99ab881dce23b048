import { readFile } from 'node:fs/promises';
import { isObject, numberAt, own, parseJson, type JsonObject } from '../../src/protocol/schema/json.ts';

/** The result of one step of a test run. A type check, a lint run or a size budget is one check. */
export type Counts = {
  passed: number;
  failed: number;
  /** Sentences to print below the result, such as a browser crash. */
  notes?: readonly string[];
};

/** A runner's JSON report, or `undefined` where there is none. */
export const readReport = async (path: string): Promise<JsonObject | undefined> => {
  const report = parseJson(await readFile(path, 'utf8').catch(() => ''));
  return isObject(report) ? report : undefined;
};

/** A runner that crashed, found nothing to run, or failed without naming a test counts as one failed check. */
const judged = (passed: number, failed: number, exitCode: number): Counts => {
  if (passed + failed === 0) return { passed, failed: 1, notes: ['no tests ran'] };
  if (exitCode !== 0 && failed === 0) return { passed, failed: 1, notes: [`the runner failed (exit ${exitCode})`] };
  return { passed, failed };
};

const NO_REPORT: Counts = { passed: 0, failed: 1, notes: ['the runner wrote no report'] };

/** Reads vitest's JSON report. A skipped test counts as failed: no test may be skipped. */
export const vitestCounts = async (path: string, exitCode: number): Promise<Counts> => {
  const report = await readReport(path);
  if (!report) return NO_REPORT;
  const count = (key: string): number => numberAt(report, key) ?? 0;
  return judged(
    count('numPassedTests'),
    count('numFailedTests') + count('numPendingTests') + count('numTodoTests'),
    exitCode,
  );
};

/** Reads Playwright's JSON report. A skipped or flaky test counts as failed. */
export const playwrightCounts = async (path: string, exitCode: number): Promise<Counts> => {
  const report = await readReport(path);
  const stats = report && own(report, 'stats');
  if (!isObject(stats)) return NO_REPORT;
  const count = (key: string): number => numberAt(stats, key) ?? 0;
  return judged(count('expected'), count('unexpected') + count('flaky') + count('skipped'), exitCode);
};
