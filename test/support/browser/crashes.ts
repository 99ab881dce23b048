import { chromium, test as base, type Browser, type BrowserContext, type LaunchOptions } from '@playwright/test';
import { CRASH_ANNOTATION } from '../../../scripts/testing/crashes.ts';

/**
 * Chromium sometimes crashes (a failed CHECK in the browser process, in about one of 400 tests here). That is no fault of
 * Session Keeper, so the runner must distinguish a crash from a failed test.
 */
const crashes: string[] = [];

export const reportCrash = (what: string): void => void crashes.push(what);

/** Reports a browser that ends although no test has closed it. */
export const watchForCrash = (browser: Browser): Browser => {
  const close = browser.close.bind(browser);
  const crashed = (): void => reportCrash(`Chromium ${browser.version()} ended by itself`);
  browser.once('disconnected', crashed);
  browser.close = (options) => {
    browser.off('disconnected', crashed);
    return close(options);
  };
  return browser;
};

/** The same for a browser with one persistent context. */
export const watchContextForCrash = (context: BrowserContext): BrowserContext => {
  const close = context.close.bind(context);
  const crashed = (): void => reportCrash('Chromium ended by itself');
  context.once('close', crashed);
  context.close = (options) => {
    context.off('close', crashed);
    return close(options);
  };
  return context;
};

/** Like `chromium.launch`, but reports crashes. */
export const launchBrowser = async (options: LaunchOptions): Promise<Browser> =>
  watchForCrash(await chromium.launch(options));

/** Playwright's `test` with an annotation when a browser crashed during the test. All browser tests build on it. */
export const test = base.extend<{ crashWatch: void }>({
  crashWatch: [
    async ({ browser }, use, info) => {
      const crashed = (): void => reportCrash(`Chromium ${browser.version()} ended by itself`);
      browser.once('disconnected', crashed);
      crashes.length = 0;
      await use();
      browser.off('disconnected', crashed);
      for (const description of crashes) info.annotations.push({ type: CRASH_ANNOTATION, description });
    },
    { auto: true },
  ],
});
