import { defineConfig } from '@playwright/test';
import { launchOptions } from './test/support/browser/browser.ts';

/** Pictures of every step cost a fifth of the processor; the steps alone, and the diary of test/support/e2e.ts, nothing. */
const TRACE = { mode: 'retain-on-failure', screenshots: false, snapshots: false, sources: false } as const;

/** Time that somebody is promised. Only alone does a machine keep it: `scripts/test.ts` has them run after the others. */
const TIMED = /@timed/;
/** Little but waiting: that takes place beside the others. */
const WAITS = /@waits/;

export default defineConfig({
  testDir: 'test/browser',
  outputDir: 'test-results/browser',
  snapshotPathTemplate: '{testDir}/pictures/{arg}{ext}',
  // A picture that is missing is a failure, and never written by the way: `npm run snapshots`.
  updateSnapshots: 'none',
  forbidOnly: true,
  fullyParallel: false,
  workers: 3,
  retries: 0,
  timeout: 60_000,
  // Playwright's 5 s are a bound that no test means; those that mean one name it.
  expect: { timeout: 15_000 },
  reporter: [['list'], ['json', { outputFile: process.env['BROWSER_REPORT'] ?? '.cache/reports/browser.json' }]],
  use: { browserName: 'chromium', screenshot: 'only-on-failure', trace: TRACE, launchOptions: launchOptions() },
  projects: [
    { name: 'chromium', workers: 2, grepInvert: [TIMED, WAITS] },
    { name: 'waits', workers: 1, grep: WAITS },
    { name: 'timed', workers: 1, grep: TIMED },
  ],
});
