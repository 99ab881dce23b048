import { relative } from 'node:path';
import type { FullConfig, Reporter, Suite, TestCase, TestResult } from '@playwright/test/reporter';
import { failureLine, literally, quoted } from './failure-line.ts';
import { createProgress, type Progress } from './progress.ts';

/** One live line, and one line for each failure. `VERBOSE=1` also shows what tests and browsers print. */
class ProgressReporter implements Reporter {
  #total = 0;
  #progress: Progress = createProgress('tests', () => this.#total);

  onBegin(_config: FullConfig, suite: Suite): void {
    this.#total = suite.allTests().length;
  }

  onTestEnd(test: TestCase, result: TestResult): void {
    const passed = result.status === test.expectedStatus && result.status !== 'skipped';
    this.#progress.done(passed);
    if (passed) return;
    const place = relative(process.cwd(), test.location.file);
    const titles = test.titlePath().slice(3);
    this.#progress.line(
      failureLine({
        place: `${place}:${test.location.line}`,
        title: titles.join(' › '),
        message: result.error?.message ?? `the test is ${result.status}`,
        command: `npx playwright test ${quoted(place)} -g ${quoted(literally(titles.join(' ')))}`,
      }),
    );
  }

  onStdOut(chunk: string | Buffer): void {
    if (process.env['VERBOSE']) this.#progress.line(String(chunk).trimEnd());
  }

  onStdErr(chunk: string | Buffer): void {
    this.onStdOut(chunk);
  }

  onError(error: { message?: string }): void {
    this.#progress.line(`✗ the runner: ${error.message ?? 'no message'}`);
  }

  onEnd(): void {
    this.#progress.end();
  }

  printsToStdio(): boolean {
    return true;
  }
}

export { ProgressReporter as default };
