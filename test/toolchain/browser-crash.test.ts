import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { runBrowserTests } from '../../scripts/testing/browser-tests.ts';

/** Inside the repository, where the specs find `@playwright/test`. */
const FOLDER = fileURLToPath(new URL('../../.cache/browser-crash/', import.meta.url));
const SUPPORT = fileURLToPath(new URL('../support/browser/', import.meta.url));

const config = `
import { launchOptions } from '${SUPPORT}browser.ts';
export default {
  testDir: '.', outputDir: 'results', workers: 1, reporter: [['json', { outputFile: process.env.BROWSER_REPORT }]],
  projects: [{ name: 'chromium', use: { browserName: 'chromium', launchOptions: launchOptions() } }],
};`;

/** `Browser.crash` ends the browser's main process as a failed CHECK does. */
const spec = `
import { existsSync, writeFileSync } from 'node:fs';
import { expect } from '@playwright/test';
import { test } from '${SUPPORT}crashes.ts';

const crash = async (browser) => {
  const session = await browser.newBrowserCDPSession();
  const gone = new Promise((resolve) => browser.once('disconnected', resolve));
  void session.send('Browser.crash').catch(() => undefined);
  await gone;
};
test('crashes once (a)', { tag: '@slow' }, async ({ browser, page }) => {
  const marker = '${FOLDER}crashed';
  if (!existsSync(marker)) {
    writeFileSync(marker, '');
    await crash(browser);
  }
  await page.goto('about:blank');
});
test('fails by itself', async () => expect(1).toBe(2));
test('passes', async ({ page }) => void (await page.goto('about:blank')));
`;

/** It starts several browsers, one after the other. */
const BROWSERS_MS = 300_000;

beforeAll(async () => {
  await rm(FOLDER, { recursive: true, force: true });
  await mkdir(FOLDER, { recursive: true });
  await writeFile(join(FOLDER, 'playwright.config.ts'), config);
  await writeFile(join(FOLDER, 'crash.spec.ts'), spec);
});
afterAll(() => rm(FOLDER, { recursive: true, force: true }));

test(
  'runs a test again when the browser itself crashed, reports the crash, and repeats no other failure',
  async () => {
    vi.spyOn(console, 'log').mockReturnValue();
    const args = [`--config=${join(FOLDER, 'playwright.config.ts')}`];
    const counts = await runBrowserTests(join(FOLDER, 'report.json'), args);
    expect(counts).toMatchObject({ passed: 2, failed: 1 });
    expect(counts.notes).toEqual([
      expect.stringMatching(
        /^Chromium [\d.]+ ended by itself during crash\.spec\.ts "crashes once \(a\)"; .*the test passed$/,
      ),
    ]);
  },
  BROWSERS_MS,
);
