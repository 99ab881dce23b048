import type { Report } from './doctor.ts';
import { GROUPS, type CheckResult, type CheckVerdict } from './checks/check.ts';

const SIGNS: Readonly<Record<CheckVerdict, { sign: string; colour: number }>> = {
  ok: { sign: '✓', colour: 32 },
  warn: { sign: '!', colour: 33 },
  fail: { sign: '✗', colour: 31 },
  skipped: { sign: '–', colour: 90 },
};
const BOLD = 1;

/** Wraps in an ANSI colour (ECMA-48 SGR), or not. */
type Paint = (code: number, text: string) => string;
const paintFor =
  (colours: boolean): Paint =>
  (code, text) =>
    colours ? `\u001B[${code}m${text}\u001B[0m` : text;

/** Servers choose the header values, so no control character of theirs may reach the terminal. */
const printable = (text: string): string => text.replaceAll(/\p{Cc}/gu, '·');

const lines = (checked: CheckResult, paint: Paint): readonly string[] => {
  const { sign, colour } = SIGNS[checked.verdict];
  const first = `  ${paint(colour, sign)} ${checked.title}: ${printable(checked.found)}`;
  if (checked.verdict === 'ok' || checked.verdict === 'skipped') return [first];
  return [first, `      why   ${printable(checked.why)}`, `      fix   ${printable(checked.fix)}`];
};

const plural = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`;

/** For people: one line for a check that passed, three for a warning or a failure. */
export const printReport = (report: Report, colours: boolean): string => {
  const paint = paintFor(colours);
  const groups = GROUPS.flatMap((group) => {
    const mine = report.checks.filter((checked) => checked.group === group);
    return mine.length === 0 ? [] : ['', paint(BOLD, group), ...mine.flatMap((checked) => lines(checked, paint))];
  });
  const { ok, warn, fail, skipped } = report.counts;
  const summary = `${ok} ok, ${plural(warn, 'warning', 'warnings')}, ${plural(fail, 'failure', 'failures')}, ${skipped} not checked`;
  return [`Examined ${report.url} with ${report.worker}`, ...groups, '', paint(BOLD, summary), ''].join('\n');
};
