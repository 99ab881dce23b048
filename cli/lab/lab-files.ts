import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { badge } from '../../lab/report/badge.ts';
import type { Comparison } from '../../lab/report/compare.ts';
import { githubAnnotations, githubSummary } from '../../lab/report/github.ts';
import { htmlReport } from '../../lab/report/html/html-report.ts';
import { junitReport } from '../../lab/report/junit.ts';
import { readLabReport, type LabReport, type ScenarioResult } from '../../lab/results/result.ts';
import { parseJson } from '../../src/protocol/schema/json.ts';
import type { Terminal } from '../doctor/doctor-command.ts';
import type { LabCommand, ReportKind } from './lab-options.ts';

/** What `read` makes of a JSON file; `undefined` when there is none, or when it does not fit. */
export const fileAs = <T>(file: string, read: (value: unknown) => T | undefined): T | undefined => {
  try {
    return read(parseJson(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
};

type Writer = { file: string; write(report: LabReport, comparison: Comparison | undefined): string };
const WRITERS: Readonly<Record<Exclude<ReportKind, 'github'>, Writer>> = {
  html: { file: 'report.html', write: htmlReport },
  json: { file: 'report.json', write: (report) => `${JSON.stringify(report, undefined, 1)}\n` },
  junit: { file: 'junit.xml', write: junitReport },
  badge: { file: 'badge.svg', write: badge },
};

/** Writes the reports, and returns their paths. */
export const writeReports = (
  report: LabReport,
  comparison: Comparison | undefined,
  { reports, out }: LabCommand,
  terminal: Terminal,
): string[] => {
  mkdirSync(out, { recursive: true });
  return reports.flatMap((kind) => {
    if (kind === 'github') {
      terminal.out(githubAnnotations(report));
      const summary = terminal.env['GITHUB_STEP_SUMMARY'];
      if (summary !== undefined && summary !== '') writeFileSync(summary, githubSummary(report), { flag: 'a' });
      return [];
    }
    const { file, write } = WRITERS[kind];
    const path = resolve(out, file);
    writeFileSync(path, write(report, comparison));
    return [path];
  });
};

const PROGRESS_FILE = 'progress.json';

/** Saves the results so far, so that `--resume` goes on from there. */
export const saveProgress = ({ out }: LabCommand, report: LabReport): void => {
  mkdirSync(out, { recursive: true });
  writeFileSync(resolve(out, PROGRESS_FILE), JSON.stringify(report));
};

/** The results of an interrupted run with the same address and seed. */
export const earlierResults = ({ out, resume, url, seed }: LabCommand): readonly ScenarioResult[] => {
  if (!resume) return [];
  const earlier = fileAs(resolve(out, PROGRESS_FILE), readLabReport);
  return earlier?.url === url && earlier.seed === seed
    ? earlier.results.filter(({ verdict }) => verdict !== 'broken')
    : [];
};
