import { defineConfig } from '@playwright/test';
import type { EngineOptions } from './test/engines/fixture.ts';

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
    { name: 'firefox', use: { engineName: 'firefox' } },
    { name: 'webkit', use: { engineName: 'webkit' } },
    { name: 'chromium', use: { engineName: 'chromium' } },
  ],
});
