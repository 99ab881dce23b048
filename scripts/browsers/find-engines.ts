import { spawnSync } from 'node:child_process';
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

/** Debian's own Python finds Debian's packages. */
export const SYSTEM_PYTHON = '/usr/bin/python3';

/** Whether a script can show a WebKitGTK view, as a desktop shell does. */
export const hasDesktopShell = (): boolean => {
  const script = 'import gi; gi.require_version("Gtk", "3.0"); gi.require_version("WebKit2", "4.1")';
  return spawnSync(SYSTEM_PYTHON, ['-c', script], { stdio: 'ignore' }).status === 0;
};
