import { firefox, type Browser } from '@playwright/test';
import { browserArgs } from '../../../lab/browser/browser-process.ts';
import { findFirefox } from '../../../scripts/browsers/find-engines.ts';
import { findBrowser } from '../../../scripts/browsers/find-browser.ts';

/** For Playwright's `launch` and `use.launchOptions`. Throws if there is no browser: `npm test` installs one. */
export const launchOptions = (): { executablePath: string; args: string[] } => {
  const found = findBrowser();
  if (!found) throw new Error('There is no Chromium here; `npm test` installs one.');
  return { executablePath: found.path, args: browserArgs() };
};

/** `moz-firefox` drives a Firefox that Playwright did not build, over WebDriver BiDi. */
export const launchFirefox = (): Promise<Browser> => {
  const executablePath = findFirefox();
  if (executablePath === undefined) throw new Error('There is no Firefox here; `npm run test:engines` installs one.');
  return firefox.launch({ channel: 'moz-firefox', executablePath });
};
