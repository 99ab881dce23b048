/** The output of `npm test` while a runner works: one live line, and one line for each failure. */
export type Progress = {
  /** A test has ended. */
  done(passed: boolean): void;
  /** Prints a line that stays. */
  line(text: string): void;
  /** Ends the live line. */
  end(): void;
};

/** The part of `process.stdout` that the progress uses. */
export type Screen = { write(text: string): void; isTTY?: boolean | undefined; columns?: number | undefined };

/** Without a terminal (in CI), the progress prints a line this often, to show that the run continues. */
const LINE_EVERY_MS = 15_000;
const CLEAR_LINE = '\r\u001B[2K';

const clock = (ms: number): string => {
  const seconds = Math.floor(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
};

/** `total` returns the number of tests. It may grow while the runner finds more. */
export const createProgress = (
  name: string,
  total: () => number,
  screen: Screen = process.stdout,
  now: () => number = () => performance.now(),
): Progress => {
  const startedAt = now();
  let passed = 0;
  let failed = 0;
  let printedAt = startedAt;

  const status = (): string => {
    const failures = failed === 0 ? '' : `, ${failed} failed`;
    return `   ${name}: ${passed + failed} of ${total()}${failures}  ${clock(now() - startedAt)}`;
  };
  const show = (): void => {
    if (screen.isTTY) {
      screen.write(CLEAR_LINE + status().slice(0, (screen.columns || 80) - 1));
    } else if (now() - printedAt >= LINE_EVERY_MS) {
      printedAt = now();
      screen.write(`${status()}\n`);
    }
  };
  return {
    done(ok) {
      if (ok) passed += 1;
      else failed += 1;
      show();
    },
    line(text) {
      screen.write(`${screen.isTTY ? CLEAR_LINE : ''}${text}\n`);
      show();
    },
    end() {
      screen.write(`${screen.isTTY ? CLEAR_LINE : ''}${status()}\n`);
    },
  };
};
