import { defineConfig } from '@playwright/test';
import type { EngineOptions } from './test/engines/fixture.ts';

/** Lab and vault run in Chromium in test/browser. Both need Playwright, which has no driver for WebKit here. */
const FIREFOX_ONLY = ['**/lab-firefox.spec.ts', '**/vault-firefox.spec.ts'];
/** A view of WebKitGTK, without a driver. */
const SHELL = '**/desktop-shell.spec.ts';

export default defineConfig<EngineOptions>({
  testDir: 'test/engines',
  outputDir: 'test-results/engines',
  forbidOnly: true,
  fullyParallel: false,
  workers: 1,
  retries: 0,
  timeout: 90_000,
  reporter: [['list'], ['json', { outputFile: process.env['ENGINES_REPORT'] ?? '.cache/reports/engines.json' }]],
  projects: [
    { name: 'firefox', testIgnore: SHELL, use: { engineName: 'firefox' } },
    { name: 'webkit', testIgnore: FIREFOX_ONLY, use: { engineName: 'webkit' } },
    { name: 'chromium', testIgnore: [...FIREFOX_ONLY, SHELL], use: { engineName: 'chromium' } },
  ],
});
