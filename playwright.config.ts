import { defineConfig } from '@playwright/test';
import { launchOptions } from './test/support/browser/browser.ts';

/** Pictures of every step cost a fifth of the processor; the steps alone, and the diary of test/support/e2e.ts, nothing. */
const TRACE = { mode: 'retain-on-failure', screenshots: false, snapshots: false, sources: false } as const;

/** Tests that bound a time. They need the machine for themselves: `npm run test:rest` runs them last, one by one. */
const TIMED = /@timed/;
/** Tests that mostly wait. One worker runs them beside the others. */
const WAITS = /@waits/;

/** What a developer runs before each push (`npm test`): the promises of the README, in about three minutes. CI runs the others. */
const STORIES = [
  'session/signed-in',
  'session/signed-out',
  'session/one-refresh',
  'session/desktop-story',
  'session/idle-story',
  'resilience/worker-killed',
  'resilience/offline',
  'sockets/one-socket',
  'updates/build',
  'updates/update',
  'app/app-round',
].map((name) => `**/${name}.spec.ts`);

const report = process.env['BROWSER_REPORT'];

export default defineConfig({
  testDir: 'test/browser',
  outputDir: 'test-results/browser',
  snapshotPathTemplate: '{testDir}/pictures/{arg}{ext}',
  // A missing picture fails the test. `npm run snapshots` writes pictures, and nothing else does.
  updateSnapshots: 'none',
  forbidOnly: true,
  fullyParallel: false,
  workers: 3,
  // A test that fails sometimes is a bug to find. Only a crash of the browser itself runs a test again
  // (scripts/testing/browser-tests.ts).
  retries: 0,
  // No test means this bound. It ends a test that hangs. Ten tabs on a loaded machine with two cores need over a minute.
  timeout: 180_000,
  // Playwright's default of 5 s is a bound that no test means. A test that means a bound names it.
  expect: { timeout: 15_000 },
  reporter: report ? [['./scripts/testing/playwright-reporter.ts'], ['json', { outputFile: report }]] : 'list',
  use: { browserName: 'chromium', screenshot: 'only-on-failure', trace: TRACE, launchOptions: launchOptions() },
  projects: [
    { name: 'stories', workers: 2, testMatch: STORIES, grepInvert: [TIMED, WAITS] },
    { name: 'browser', workers: 2, testIgnore: STORIES, grepInvert: [TIMED, WAITS] },
    { name: 'waits', workers: 1, grep: WAITS },
    { name: 'timed', workers: 1, grep: TIMED },
  ],
});
