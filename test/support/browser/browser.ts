import { findBrowser } from '../../../scripts/browsers/find-browser.ts';

/** Flags for no outside traffic, and for the same result in each run. */
const QUIET = [
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--no-default-browser-check',
];

/** Chromium's sandbox does not start as root. */
export const browserArgs = (): string[] => (process.getuid?.() === 0 ? [...QUIET, '--no-sandbox'] : QUIET);

/** For Playwright's `launch` and `use.launchOptions`. Throws if there is no browser: `npm test` installs one. */
export const launchOptions = (): { executablePath: string; args: string[] } => {
  const found = findBrowser();
  if (!found) throw new Error('There is no Chromium here; `npm test` installs one.');
  return { executablePath: found.path, args: browserArgs() };
};
