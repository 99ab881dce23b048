import { countResults, type LabReport, type ScenarioResult } from '../results/result.ts';

/** A table in Markdown may not contain these. */
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');

const SIGN: Readonly<Record<ScenarioResult['verdict'], string>> = {
  kept: '✅',
  disturbed: '⚠️',
  lost: '❌',
  skipped: '➖',
  broken: '💥',
};

/** The summary of a job of GitHub Actions, in Markdown. */
export const githubSummary = (report: LabReport): string => {
  const { kept, run } = countResults(report.results);
  const bad = report.results.filter(({ verdict }) => verdict === 'lost' || verdict === 'disturbed');
  const rows = bad.map(
    ({ verdict, title, summary, cause }) =>
      `| ${SIGN[verdict]} | ${cell(title)} | ${cell(summary)} | ${cell(cause?.prevent ?? '')} |`,
  );
  const table =
    bad.length === 0 ? [] : ['| | Scenario | What happened | How to prevent it |', '|---|---|---|---|', ...rows];
  return [
    `## Resilience lab: kept ${kept} of ${run}`,
    '',
    `${report.url}, ${report.engine}, seed ${report.seed}`,
    '',
    ...table,
    '',
  ].join('\n');
};

/** Workflow commands that mark each loss (https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands). */
export const githubAnnotations = (report: LabReport): string =>
  report.results
    .filter(({ verdict }) => verdict === 'lost' || verdict === 'disturbed')
    .map(({ verdict, title, summary }) => {
      const level = verdict === 'lost' ? 'error' : 'warning';
      const message = summary.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
      return `::${level} title=${title.replaceAll(/[:,%\r\n]/g, ' ')}::${message}\n`;
    })
    .join('');
