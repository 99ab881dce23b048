import { describe, expect, test } from 'vitest';
import { badge } from '../../lab/report/badge.ts';
import { compareReports, printComparison } from '../../lab/report/compare.ts';
import { githubAnnotations, githubSummary } from '../../lab/report/github.ts';
import { htmlReport } from '../../lab/report/html/html-report.ts';
import { junitReport } from '../../lab/report/junit.ts';
import { countResults, readLabReport, type LabReport, type ScenarioResult } from '../../lab/results/result.ts';

const result = (
  id: string,
  verdict: ScenarioResult['verdict'],
  more: Partial<ScenarioResult> = {},
): ScenarioResult => ({
  id,
  title: `Title of ${id}`,
  category: 'session',
  why: 'It happens.',
  verdict,
  summary: `Summary of ${id}.`,
  seed: 1,
  ms: 1_000,
  timeline: [{ at: 500, lane: 'network', level: 'bad', text: 'GET /x: 401' }],
  declared: ['A shifted clock.'],
  ...more,
});

const EVIL = '<img src=x onerror=alert(1)>"\'&';
const report = (...results: readonly ScenarioResult[]): LabReport => ({
  type: 'session-keeper-lab',
  version: 1,
  url: 'http://site.example/',
  startedAt: '2026-01-02T03:04:05.000Z',
  ms: 61_000,
  seed: 1,
  engine: 'chromium',
  results,
});
const lost = result('lost-one', 'lost', {
  summary: `Signed out. ${EVIL}`,
  cause: {
    code: 'signed-out-by-401',
    text: `One 401 ${EVIL}`,
    prevent: 'Refresh first.',
    request: {
      method: 'GET',
      url: 'http://site.example/api',
      outcome: 'answered 401',
      faults: ['status'],
      requestHeaders: { accept: '*/*' },
      responseHeaders: {},
      excerpt: EVIL,
    },
  },
  before: 'QUJD',
  after: 'QUJD',
});
const all = report(lost, result('kept-one', 'kept'), result('skipped-one', 'skipped'), result('odd', 'disturbed'));

test('counts only what says something about the site', () => {
  expect(countResults(all.results)).toEqual({ kept: 1, run: 3, lost: 1, disturbed: 1, skipped: 1, broken: 0 });
});

describe('the HTML report', () => {
  const html = htmlReport(all);
  test('shows score, cause, prevention, request and pictures', () => {
    for (const text of ['Kept 1 of 3', 'Likely cause', 'Refresh first.', 'answered 401', 'data:image/png;base64,QUJD'])
      expect(html).toContain(text);
  });
  test('contains nothing of the site as markup', () => {
    expect(html).not.toContain('<img src=x');
    expect(html).toContain('&lt;img src=x');
  });
  test('loads nothing and runs nothing', () => {
    expect(html).toContain("default-src 'none'");
    expect(html).not.toMatch(/<script|<link|src="http/);
  });
  test('shows what changed since another report', () => {
    const comparison = compareReports(report(result('kept-one', 'lost')), all);
    expect(htmlReport(all, comparison)).toContain('Title of kept-one: lost → kept');
  });
});

test('writes a JSON report that reads back as it was', () => {
  expect(readLabReport(JSON.parse(JSON.stringify(all)))).toEqual(all);
  expect(readLabReport({ ...all, version: 2 })).toBeUndefined();
});

test('writes JUnit with a failure for each loss', () => {
  const xml = junitReport(all);
  expect(xml).toContain('tests="4" failures="2" errors="0" skipped="1"');
  expect(xml).toContain('&lt;img src=x');
  expect([...xml.matchAll(/<testcase /g)]).toHaveLength(4);
});

test('writes a badge with the score', () => {
  expect(badge(all)).toContain('kept 1 of 3');
});

test('writes the summary and the annotations of GitHub Actions', () => {
  expect(githubSummary(all)).toContain('| ❌ | Title of lost-one |');
  expect(githubAnnotations(all).split('\n')).toHaveLength(3);
  expect(githubAnnotations(all)).toContain('::error title=Title of lost-one::Signed out.');
});

test('compares two reports', () => {
  const before = report(result('lost-one', 'kept'), result('kept-one', 'lost'), result('gone', 'kept'));
  const comparison = compareReports(before, all);
  expect(comparison.worse.map(({ id }) => id)).toEqual(['lost-one']);
  expect(comparison.better.map(({ id }) => id)).toEqual(['kept-one']);
  expect(comparison.other.map(({ id }) => id).toSorted()).toEqual(['gone', 'odd', 'skipped-one']);
  expect(printComparison(comparison)).toContain('lost-one: kept → lost');
  expect(printComparison(compareReports(all, all))).toBe('Nothing changed.\n');
});
