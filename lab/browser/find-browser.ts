import { join } from 'node:path';
import { isExecutable, onPath } from './on-path.ts';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'microsoft-edge-stable'];

const USUAL_PLACES: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  linux: ['/usr/bin/chromium', '/usr/lib/chromium/chromium', '/snap/bin/chromium', '/opt/google/chrome/chrome'],
  darwin: [
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
  ],
  win32: ['PROGRAMFILES', 'PROGRAMFILES(X86)', 'LOCALAPPDATA'].flatMap((name) => {
    const folder = process.env[name];
    if (!folder) return [];
    return ['Google\\Chrome\\Application\\chrome.exe', 'Microsoft\\Edge\\Application\\msedge.exe'].map((exe) =>
      join(folder, exe),
    );
  }),
};

/** The path of an installed Chromium: the first one on `PATH`, else in the usual places of the system. */
export const installedChromium = (): string | undefined =>
  onPath(...NAMES) ?? USUAL_PLACES[process.platform]?.find(isExecutable);

/** The installed Firefox. `FIREFOX_PATH` names another one. */
export const findFirefox = (): string | undefined => {
  const named = process.env['FIREFOX_PATH'];
  return named && isExecutable(named) ? named : onPath('firefox-esr', 'firefox');
};

/** The one that `CHROMIUM_PATH` names. Throws if that is no executable. */
export const namedChromium = (): string | undefined => {
  const named = process.env['CHROMIUM_PATH'];
  if (!named) return undefined;
  if (!isExecutable(named))
    throw new Error(
      `CHROMIUM_PATH is ${named}, which is not an executable file. Correct it, or unset it to search for a browser.`,
    );
  return named;
};
