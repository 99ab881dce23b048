import { relative } from 'node:path';
import type { Reporter, TestCase, Vitest } from 'vitest/node';
import { failureLine, literally, quoted } from './failure-line.ts';
import { createProgress, type Progress } from './progress.ts';

/** `npm test`: one live line, and one line for each failure. `VERBOSE=1` also shows what tests print. */
class ProgressReporter implements Reporter {
  #root = process.cwd();
  #total = 0;
  #progress: Progress = createProgress('tests', () => this.#total);

  onInit(vitest: Vitest): void {
    this.#root = vitest.config.root;
  }

  onTestModuleCollected(module: { children: { allTests(): Iterable<TestCase> } }): void {
    this.#total += [...module.children.allTests()].length;
  }

  onTestCaseResult(test: TestCase): void {
    const result = test.result();
    const passed = result.state === 'passed';
    this.#progress.done(passed);
    if (passed) return;
    const place = relative(this.#root, test.module.moduleId);
    this.#progress.line(
      failureLine({
        place,
        title: test.fullName,
        message: result.state === 'failed' ? (result.errors[0]?.message ?? '') : `the test is ${result.state}`,
        command: `npx vitest run ${quoted(place)} -t ${quoted(literally(test.fullName.replaceAll(' > ', ' ')))}`,
      }),
    );
  }

  onUserConsoleLog({ content }: { content: string }): void {
    if (process.env['VERBOSE']) this.#progress.line(content.trimEnd());
  }

  onTestRunEnd(
    modules: readonly { moduleId: string; errors(): readonly { message: string }[] }[],
    errors: readonly { message: string }[],
  ): void {
    for (const module of modules) {
      const place = relative(this.#root, module.moduleId);
      for (const { message } of module.errors())
        this.#progress.line(
          failureLine({ place, title: 'the file', message, command: `npx vitest run ${quoted(place)}` }),
        );
    }
    for (const { message } of errors)
      this.#progress.line(
        failureLine({ place: 'outside of a test', title: 'error', message, command: 'npx vitest run' }),
      );
    this.#progress.end();
  }
}

export { ProgressReporter as default };
