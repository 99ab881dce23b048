import { browserArgs } from '../../../lab/browser/browser-process.ts';
import { findBrowser } from '../../../scripts/browsers/find-browser.ts';

/** For Playwright's `launch` and `use.launchOptions`. Throws if there is no browser: `npm test` installs one. */
export const launchOptions = (): { executablePath: string; args: string[] } => {
  const found = findBrowser();
  if (!found) throw new Error('There is no Chromium here; `npm test` installs one.');
  return { executablePath: found.path, args: browserArgs() };
};
