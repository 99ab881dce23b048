import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext, type LaunchOptions } from '@playwright/test';
import { launchOptions } from './browser.ts';
import { watchContextForCrash } from './crashes.ts';

/** A browser profile on disk, so that a test can quit and restart the browser. */
export type Profile = { start(): Promise<BrowserContext>; remove(): Promise<void> };

/** `more`: other options for each start, with arguments beside the usual ones. */
export const createProfile = async (more: LaunchOptions = {}): Promise<Profile> => {
  const dir = await mkdtemp(join(tmpdir(), 'keeper-profile-'));
  return {
    async start() {
      const { args, executablePath } = launchOptions();
      const options = { executablePath, ...more, args: [...args, ...(more.args ?? [])] };
      return watchContextForCrash(await chromium.launchPersistentContext(dir, options));
    },
    remove: () => rm(dir, { recursive: true, force: true }),
  };
};
