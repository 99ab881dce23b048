import { stripVTControlCharacters } from 'node:util';

/** A failed test: where it stands, what it is called, why it failed, and the command that runs it alone. */
export type Failure = { place: string; title: string; message: string; command: string };

const MAX_CAUSE = 160;

/** The first line of an error message that says something, without a terminal's colours. */
const causeOf = (message: string): string => {
  const [first = 'no message'] = stripVTControlCharacters(message)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return first.length > MAX_CAUSE ? `${first.slice(0, MAX_CAUSE - 1)}…` : first;
};

/**
 * The one line that a failure takes on the screen. The report in `.cache/reports` has the rest.
 *
 * @example ✗ test/core/backoff.test.ts › caps the delay: expected 31 to be 30 → npx vitest run test/core/backoff.test.ts
 */
export const failureLine = ({ place, title, message, command }: Failure): string =>
  `✗ ${place} › ${title}: ${causeOf(message)}\n  → ${command}`;

/** An argument for a POSIX shell, quoted where it needs quotes. */
export const quoted = (argument: string): string =>
  /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;

/** A regular expression that matches the text and nothing else in it. */
export const literally = (text: string): string => text.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`);
