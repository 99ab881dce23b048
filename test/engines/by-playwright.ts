import { chromium, type Browser } from '@playwright/test';
import { launchFirefox, launchOptions } from '../support/browser/browser.ts';
import type { Engine } from './engine.ts';

const launch = (name: 'chromium' | 'firefox'): Promise<Browser> =>
  name === 'chromium' ? chromium.launch(launchOptions()) : launchFirefox();

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
