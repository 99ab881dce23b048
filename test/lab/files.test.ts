import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { earlierResults, saveProgress, writeReports } from '../../cli/lab/lab-files.ts';
import { parseLab, type LabCommand } from '../../cli/lab/lab-options.ts';
import type { LabReport, ScenarioResult } from '../../lab/results/result.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'keeper-lab-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const commandOf = (...flags: readonly string[]): LabCommand => {
  const parsed = parseLab(['http://site.example/', '--out', folder, ...flags], {});
  if (parsed.type !== 'run') throw new Error(parsed.type);
  return parsed.command;
};
const result = (id: string, verdict: ScenarioResult['verdict']): ScenarioResult => ({
  ...{ id, verdict, title: id, category: 'session', why: '', summary: '', seed: 1, ms: 1, timeline: [], declared: [] },
});
const report: LabReport = {
  ...{
    type: 'session-keeper-lab',
    version: 1,
    url: 'http://site.example/',
    startedAt: '',
    ms: 1,
    seed: 1,
    engine: 'chromium',
  },
  results: [result('reload', 'kept'), result('half-open', 'broken'), result('idle', 'lost')],
};

test('goes on with the results of an interrupted run, and repeats where the lab failed', () => {
  saveProgress(commandOf(), report);
  const idsOf = (...flags: readonly string[]): string[] => earlierResults(commandOf(...flags)).map(({ id }) => id);
  expect(idsOf('--resume')).toEqual(['reload', 'idle']);
  expect(idsOf()).toEqual([]);
  expect(idsOf('--resume', '--seed', '2')).toEqual([]);
});

test('writes every kind of report', () => {
  const texts: string[] = [];
  const summary = join(folder, 'summary.md');
  const terminal = {
    out: (text: string) => void texts.push(text),
    err: () => undefined,
    colours: false,
    progress: false,
    env: { GITHUB_STEP_SUMMARY: summary },
  };
  const paths = writeReports(report, undefined, commandOf('--report', 'html,json,junit,github,badge'), terminal);
  expect(paths.map((path) => path.split('/').at(-1))).toEqual(['report.html', 'report.json', 'junit.xml', 'badge.svg']);
  expect(JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8'))).toEqual(report);
  expect(readFileSync(summary, 'utf8')).toContain('kept 1 of 2');
  expect(texts.join('')).toContain('::error title=idle::');
});
