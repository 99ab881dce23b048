import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isExecutable, onPath } from '../../lab/browser/on-path.ts';

/** The installed Firefox. `FIREFOX_PATH` names another one. */
export const findFirefox = (): string | undefined => {
  const named = process.env['FIREFOX_PATH'];
  return named && isExecutable(named) ? named : onPath('firefox-esr', 'firefox');
};

const LIBRARIES = '/usr/lib';

/** WebKitGTK installs its small browser below its libraries, in a folder for the processor's architecture. */
const miniBrowser = (): string | undefined => {
  try {
    return readdirSync(LIBRARIES)
      .map((folder) => join(LIBRARIES, folder, 'webkit2gtk-4.1', 'MiniBrowser'))
      .find(isExecutable);
  } catch {
    return undefined;
  }
};

/** WebKitGTK and its driver. It also needs a virtual display (Xvfb). */
export const findWebKit = (): { driver: string; browser: string } | undefined => {
  const driver = onPath('WebKitWebDriver');
  const browser = miniBrowser();
  return driver !== undefined && browser !== undefined && onPath('Xvfb') !== undefined
    ? { driver, browser }
    : undefined;
};
