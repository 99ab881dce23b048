import type { LabReport, ScenarioResult } from '../results/result.ts';

const escape = (text: string): string =>
  text
    // Control characters have no place in XML 1.0 (https://www.w3.org/TR/xml/#charsets).
    .replaceAll(/[^\P{Cc}\t\n\r]/gu, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');

const seconds = (ms: number): string => (ms / 1000).toFixed(3);

const detail = ({ verdict, summary, cause, timeline }: ScenarioResult): string => {
  if (verdict === 'kept') return '';
  if (verdict === 'skipped') return `<skipped message="${escape(summary)}"/>`;
  const lines = timeline.map(({ at, lane, text }) => `${seconds(at)} ${lane}: ${text}`).join('\n');
  const tag = verdict === 'broken' ? 'error' : 'failure';
  const body = [cause?.prevent ?? '', lines].filter(Boolean).join('\n\n');
  return `<${tag} type="${verdict}" message="${escape(summary)}">${escape(body)}</${tag}>`;
};

/** For continuous integration: one test case for each scenario. */
export const junitReport = ({ url, ms, results }: LabReport): string => {
  const count = (...verdicts: readonly string[]): number =>
    results.filter(({ verdict }) => verdicts.includes(verdict)).length;
  const cases = results.map(
    (result) =>
      `  <testcase classname="lab.${result.category}" name="${escape(`${result.id}: ${result.title}`)}" time="${seconds(result.ms)}">${detail(result)}</testcase>`,
  );
  const totals = `tests="${results.length}" failures="${count('lost', 'disturbed')}" errors="${count('broken')}" skipped="${count('skipped')}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuite name="session-keeper lab ${escape(url)}" ${totals} time="${seconds(ms)}">`,
    ...cases,
    '</testsuite>',
    '',
  ].join('\n');
};
