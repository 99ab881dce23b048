import { htmlReport } from '../../../lab/report/html/html-report.ts';
import type { LabReport, ScenarioResult } from '../../../lab/results/result.ts';
import { expectAccessibleInBoth } from '../../support/browser/accessible.ts';
import { expect, test } from '../../support/e2e.ts';

const result = (
  id: string,
  verdict: ScenarioResult['verdict'],
  more: Partial<ScenarioResult> = {},
): ScenarioResult => ({
  ...{
    id,
    verdict,
    title: `Title of ${id}`,
    category: 'session',
    why: 'It happens.',
    seed: 1,
    ms: 9_000,
    declared: ['A clock.'],
  },
  summary: `What happened in ${id}.`,
  timeline: [
    { at: 1_000, lane: 'lab', level: 'info', text: 'The network is down' },
    { at: 2_000, lane: 'session', level: 'bad', text: 'The page asks to sign in' },
    { at: 3_000, lane: 'socket', level: 'good', text: 'Socket /api opened' },
  ],
  ...more,
});
const report: LabReport = {
  ...{
    type: 'session-keeper-lab',
    version: 1,
    url: 'http://site.example/',
    startedAt: '2026-01-02T03:04:05Z',
    ms: 9_000,
  },
  ...{ seed: 1, engine: 'chromium' },
  results: [
    result('kept-one', 'kept'),
    result('lost-one', 'lost', {
      cause: {
        code: 'unknown',
        text: 'One 401.',
        prevent: 'Refresh first.',
        request: {
          ...{
            method: 'GET',
            url: `http://site.example/${'x'.repeat(300)}`,
            outcome: 'answered 401',
            faults: [],
            excerpt: '{}',
          },
          requestHeaders: { accept: '*/*' },
          responseHeaders: {},
        },
      },
    }),
    result('disturbed-one', 'disturbed'),
    result('skipped-one', 'skipped'),
    result('broken-one', 'broken'),
  ],
};

test('shows a report that everyone can read, in light and dark colours, and that loads nothing', async ({ page }) => {
  const requests: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  await page.setContent(htmlReport(report));
  await expect(page.getByRole('heading', { name: 'Kept 1 of 3' })).toBeVisible();
  await expectAccessibleInBoth(page);
  expect(requests).toEqual([]);
});

test('opens a scenario and filters by keyboard, and fits a phone', async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 700 });
  await page.setContent(htmlReport(report));
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  expect(wide).toBeLessThanOrEqual(360);
  const kept = page.locator('#kept-one');
  await kept.locator('summary').focus();
  await page.keyboard.press('Enter');
  await expect(kept.getByText('It happens.')).toBeVisible();
  await page.getByLabel('what was not kept').check();
  await expect(kept).toBeHidden();
  await expect(page.locator('#lost-one').getByText('Refresh first.')).toBeVisible();
});
