import { describe, expect, test } from 'vitest';
import { failureLine, literally, quoted } from '../../scripts/testing/failure-line.ts';
import { createProgress, type Screen } from '../../scripts/testing/progress.ts';

const createScreen = (isTTY: boolean): Screen & { text: string } => {
  const screen = { text: '', isTTY, columns: 80, write: (text: string) => void (screen.text += text) };
  return screen;
};

describe('the progress of a run', () => {
  test('rewrites one line on a terminal', () => {
    const screen = createScreen(true);
    const progress = createProgress(
      'tests',
      () => 3,
      screen,
      () => 0,
    );
    progress.done(true);
    progress.done(false);
    expect(screen.text).not.toContain('\n');
    expect(screen.text.split('\r').at(-1)).toContain('tests: 2 of 3, 1 failed  0:00');
  });

  test('prints a line every 15 seconds when there is no terminal', () => {
    const screen = createScreen(false);
    let now = 0;
    const progress = createProgress(
      'tests',
      () => 3,
      screen,
      () => now,
    );
    progress.done(true);
    expect(screen.text).toBe('');
    now = 75_000;
    progress.done(true);
    expect(screen.text).toBe('   tests: 2 of 3  1:15\n');
  });

  test('keeps the line of a failure', () => {
    const screen = createScreen(true);
    const progress = createProgress(
      'tests',
      () => 3,
      screen,
      () => 0,
    );
    progress.line('✗ broken');
    expect(screen.text).toContain('✗ broken\n');
  });
});

describe('the line of a failure', () => {
  test('names the file, the cause and the command that runs the test alone', () => {
    const line = failureLine({
      place: 'test/a.test.ts',
      title: 'keeps the session',
      message: '\u001B[31m\nexpected 1 to be 2\u001B[39m\n  at f()',
      command: 'npx vitest run test/a.test.ts',
    });
    expect(line).toBe('✗ test/a.test.ts › keeps the session: expected 1 to be 2\n  → npx vitest run test/a.test.ts');
  });

  test('names the locator of a Playwright failure, without its log', () => {
    const line = failureLine({
      place: 'test/a.spec.ts:3',
      title: 'shows the button',
      message: "Error: expect(locator).toBeVisible() failed\n\nLocator: getByRole('button')\nCall log:\n  - waiting",
      command: 'npx playwright test test/a.spec.ts',
    });
    expect(line.split('\n')[0]).toBe(
      "✗ test/a.spec.ts:3 › shows the button: Error: expect(locator).toBeVisible() failed; Locator: getByRole('button')",
    );
  });

  test('quotes an argument for a shell and escapes it for a regular expression', () => {
    expect(quoted('test/a.test.ts')).toBe('test/a.test.ts');
    expect(quoted("a user's (own) tab")).toBe(`'a user'\\''s (own) tab'`);
    expect(new RegExp(literally('ends (twice)? [a]')).test('ends (twice)? [a]')).toBe(true);
    expect(new RegExp(literally('a.b')).test('acb')).toBe(false);
  });
});
