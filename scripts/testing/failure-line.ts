import { stripVTControlCharacters } from 'node:util';

/** A failed test: where it stands, what it is called, why it failed, and the command that runs it alone. */
export type Failure = { place: string; title: string; message: string; command: string };

const MAX_CAUSE = 600;
/** A stack, or Playwright's list of what it tried. */
const DETAILS = /^(at |Call log:)/;

/**
 * An error message as one line, without a terminal's colours. Playwright's first line names only the matcher; the lines
 * after it name the locator, and the expected and the received value.
 */
const causeOf = (message: string): string => {
  const lines = stripVTControlCharacters(message)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const details = lines.findIndex((line) => DETAILS.test(line));
  const cause = (details === -1 ? lines : lines.slice(0, details)).join('; ') || 'no message';
  return cause.length > MAX_CAUSE ? `${cause.slice(0, MAX_CAUSE - 1)}…` : cause;
};

/**
 * A failure as one line on the screen, and below it the command that runs the test alone. The report in `.cache/reports`
 * has the rest.
 *
 * @example
 * ✗ test/protocol/timing/backoff.test.ts › caps the delay: expected 31 to be 30
 *   → npx vitest run test/protocol/timing/backoff.test.ts -t 'caps the delay'
 */
export const failureLine = ({ place, title, message, command }: Failure): string =>
  `✗ ${place} › ${title}: ${causeOf(message)}\n  → ${command}`;

/** An argument for a POSIX shell, quoted where it needs quotes. */
export const quoted = (argument: string): string =>
  /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;

/** A regular expression that matches the text and nothing else in it. */
export const literally = (text: string): string => text.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`);
