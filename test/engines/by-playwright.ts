import { chromium, firefox, type Browser } from '@playwright/test';
import { findFirefox } from '../../scripts/browsers/find-engines.ts';
import { launchOptions } from '../support/browser/browser.ts';
import type { Engine } from './engine.ts';

/** `moz-firefox` drives a Firefox that Playwright did not build, over WebDriver BiDi. */
const launch = (name: 'chromium' | 'firefox'): Promise<Browser> => {
  if (name === 'chromium') return chromium.launch(launchOptions());
  const executablePath = findFirefox();
  if (executablePath === undefined) throw new Error('There is no Firefox here; `npm run test:engines` installs one.');
  return firefox.launch({ channel: 'moz-firefox', executablePath });
};

export const openByPlaywright = async (name: 'chromium' | 'firefox'): Promise<Engine> => {
  const browser = await launch(name);
  const context = await browser.newContext();
  const found: string[] = [];
  context.on('weberror', (error) => found.push(`uncaught: ${error.error().message}`));
  context.on('console', (message) => {
    if (message.type() === 'error') found.push(message.text());
  });
  return {
    name,
    version: browser.version(),
    async open() {
      const page = await context.newPage();
      return {
        evaluate: page.evaluate.bind(page),
        goto: async (url) => void (await page.goto(url)),
        reload: async () => void (await page.reload()),
        close: () => page.close(),
      };
    },
    complaints: () => found,
    close: () => browser.close(),
  };
};
