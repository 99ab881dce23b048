import { firefox, type Browser } from '@playwright/test';
import { ADDRESS_BAR_PAGES, browserArgs } from '../../../lab/browser/browser-process.ts';
import { findFirefox } from '../../../scripts/browsers/find-engines.ts';
import { findBrowser } from '../../../scripts/browsers/find-browser.ts';

/** Chromium reads only its last list. So this repeats what Playwright 1.64 switches off (`chromiumSwitches.ts`). */
const WITHOUT = [
  'AimEnabled',
  'AvoidCorsURLLoaderRestartOnRedirect',
  'AvoidUnnecessaryBeforeUnloadCheckSync',
  'BlockOriginHeaderModificationOnRedirect',
  'DestroyProfileOnBrowserClose',
  'DialMediaRouteProvider',
  'GlobalMediaControls',
  'HttpsUpgrades',
  'LensOverlay',
  'MediaRouter',
  'NetworkTimeServiceQuerying',
  'OptimizationHints',
  'PaintHolding',
  'ThirdPartyStoragePartitioning',
  'Translate',
  ...ADDRESS_BAR_PAGES,
];

/** For Playwright's `launch` and `use.launchOptions`. Throws if there is no browser: `npm test` installs one. */
export const launchOptions = (): { executablePath: string; args: string[] } => {
  const found = findBrowser();
  if (!found) throw new Error('There is no Chromium here; `npm test` installs one.');
  return { executablePath: found.path, args: [...browserArgs(), `--disable-features=${WITHOUT.join(',')}`] };
};

/** `moz-firefox` drives a Firefox that Playwright did not build, over WebDriver BiDi. */
export const launchFirefox = (): Promise<Browser> => {
  const executablePath = findFirefox();
  if (executablePath === undefined) throw new Error('There is no Firefox here; `npm run test:engines` installs one.');
  return firefox.launch({ channel: 'moz-firefox', executablePath });
};
