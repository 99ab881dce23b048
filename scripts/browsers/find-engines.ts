import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isExecutable, onPath } from '../../lab/browser/on-path.ts';

export { findFirefox } from '../../lab/browser/find-browser.ts';

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
