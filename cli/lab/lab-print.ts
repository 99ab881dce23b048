import { CATEGORIES, type LabScenario } from '../../lab/scenarios/scenario.ts';
import type { LabProgress } from '../../lab/run/lab-run.ts';
import { countResults, type LabReport, type ScenarioResult } from '../../lab/results/result.ts';
import type { Terminal } from '../doctor/doctor-command.ts';

const ERASE_LINE = '\r\u001B[2K';
const SIGNS: Readonly<Record<ScenarioResult['verdict'], { sign: string; colour: number }>> = {
  kept: { sign: '✓', colour: 32 },
  disturbed: { sign: '!', colour: 33 },
  lost: { sign: '✗', colour: 31 },
  skipped: { sign: '–', colour: 90 },
  broken: { sign: '?', colour: 35 },
};
const BOLD = 1;
const MINUTE_MS = 60_000;

const painted = ({ colours }: Terminal, code: number, text: string): string =>
  colours ? `\u001B[${code}m${text}\u001B[0m` : text;

/** Sites choose what their servers answer, so no control character of theirs may reach the terminal. */
const printable = (text: string): string => text.replaceAll(/\p{Cc}/gu, '·');

const left = (ms: number): string =>
  ms < MINUTE_MS ? 'less than a minute left' : `about ${Math.round(ms / MINUTE_MS)} min left`;

/** One line for each scenario, and where the terminal can, a line for the step under way. */
export const progressPrinter = (terminal: Terminal): ((progress: LabProgress) => void) => {
  let head = '';
  return (progress) => {
    switch (progress.type) {
      case 'scenario': {
        const { index, total, scenario, leftMs } = progress;
        head = `[${index + 1}/${total}, ${left(leftMs)}] ${scenario.title}`;
        if (terminal.progress) terminal.err(`${ERASE_LINE}${head}`);
        return;
      }
      case 'step':
        if (terminal.progress) terminal.err(`${ERASE_LINE}${head}: ${printable(progress.text).slice(0, 60)}`);
        return;
      case 'result': {
        if (terminal.progress) terminal.err(ERASE_LINE);
        const { verdict, title, summary, cause } = progress.result;
        const { sign, colour } = SIGNS[verdict];
        terminal.out(`  ${painted(terminal, colour, sign)} ${title}: ${printable(summary)}\n`);
        if (cause && verdict !== 'kept') terminal.out(`      prevent  ${printable(cause.prevent)}\n`);
      }
    }
  };
};

/** The verdict as a person reads it. */
export const printVerdict = (report: LabReport, terminal: Terminal): string => {
  const { kept, run, disturbed, lost, skipped, broken } = countResults(report.results);
  const scores = CATEGORIES.flatMap((category) => {
    const mine = countResults(report.results.filter((result) => result.category === category));
    return mine.run === 0 ? [] : [`${category} ${mine.kept}/${mine.run}`];
  });
  const others = [
    disturbed > 0 ? `${disturbed} disturbed` : '',
    lost > 0 ? `${lost} lost` : '',
    skipped > 0 ? `${skipped} not run` : '',
    broken > 0 ? `${broken} where the lab failed` : '',
  ].filter(Boolean);
  const rest = others.length === 0 ? '' : `, ${others.join(', ')}`;
  return `\n${painted(terminal, BOLD, `Kept ${kept} of ${run}${rest}`)}\n${scores.join(', ')}\nseed ${report.seed}\n`;
};

export const printScenarios = (scenarios: readonly LabScenario[]): string =>
  CATEGORIES.map((category) => {
    const mine = scenarios.filter((scenario) => scenario.category === category);
    const width = Math.max(0, ...mine.map(({ id }) => id.length));
    return [category, ...mine.map(({ id, title }) => `  ${id.padEnd(width)}  ${title}`), ''].join('\n');
  }).join('\n');
