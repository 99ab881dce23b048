import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chromium } from '@playwright/test';
import { installedChromium, namedChromium } from '../../lab/browser/find-browser.ts';
import { isExecutable } from '../../lab/browser/on-path.ts';

/** The path of the tests' Chromium, and how it was found. */
export type FoundBrowser = { path: string; from: 'CHROMIUM_PATH' | 'system' | 'apt' | 'playwright' };

/** Searches for an installed browser, and installs none. Throws if `CHROMIUM_PATH` names no executable. */
export const findBrowser = (): FoundBrowser | undefined => {
  const named = namedChromium();
  if (named !== undefined) return { path: named, from: 'CHROMIUM_PATH' };
  const system = installedChromium();
  if (system !== undefined) return { path: system, from: 'system' };
  const downloaded = chromium.executablePath();
  return isExecutable(downloaded) ? { path: downloaded, from: 'playwright' } : undefined;
};

/** Runs a command. Its output goes to stderr, so that stdout stays clean. Returns whether it succeeded. */
const run = (command: string, args: readonly string[]): boolean => {
  console.error(`> ${command} ${args.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return spawnSync(command, args, { stdio: ['ignore', 2, 2], env, shell: process.platform === 'win32' }).status === 0;
};

const isDebianRoot = (): boolean => process.getuid?.() === 0 && existsSync('/etc/debian_version');

const HELP = `No Chromium was found and none could be installed. Do one of these, then try again:
  - install Chromium or Google Chrome (Debian, Ubuntu: sudo apt-get install chromium)
  - run: npx playwright install --with-deps chromium
  - set CHROMIUM_PATH to the executable of a Chromium-based browser`;

/** Finds a browser or installs one. If it can do neither, the error says what to do. */
export const ensureBrowser = (): FoundBrowser => {
  const here = findBrowser();
  if (here) return here;
  if (isDebianRoot()) {
    run('apt-get', ['update']);
    run('apt-get', ['install', '-y', '--no-install-recommends', 'chromium']);
    const installed = installedChromium();
    if (installed) return { path: installed, from: 'apt' };
  }
  run('npx', ['playwright', 'install', 'chromium']);
  const downloaded = findBrowser();
  if (!downloaded) throw new Error(HELP);
  return downloaded;
};
