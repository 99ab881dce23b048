import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext } from '@playwright/test';
import { launchOptions } from './browser.ts';
import { watchContextForCrash } from './crashes.ts';

/** A browser profile on disk, so that a test can quit and restart the browser. */
export type Profile = { start(): Promise<BrowserContext>; remove(): Promise<void> };

export const createProfile = async (): Promise<Profile> => {
  const dir = await mkdtemp(join(tmpdir(), 'keeper-profile-'));
  return {
    start: async () => watchContextForCrash(await chromium.launchPersistentContext(dir, launchOptions())),
    remove: () => rm(dir, { recursive: true, force: true }),
  };
};
