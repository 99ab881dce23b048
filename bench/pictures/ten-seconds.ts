/**
 * `npm run see:glance`: what a new user has in front of them after ten seconds of the first screen, and after thirty
 * of the resilience page. A person who does not know the project then says in two sentences what it does and whether it
 * works.
 */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { resolveAfter } from '../../src/protocol/timing/timer.ts';
import { withDemoApp } from '../../scripts/docs/demo-app.ts';

const FOLDER = join('.cache', 'ten-seconds');
const FIRST_SCREEN_MS = 10_000;
const LAB_MS = 30_000;
const WINDOWS = [
  { name: 'laptop', viewport: { width: 1280, height: 800 }, colorScheme: 'light' },
  { name: 'phone', viewport: { width: 390, height: 844 }, colorScheme: 'dark' },
] as const;

type Window = (typeof WINDOWS)[number];

const shoot = async (browser: Browser, url: string, { name, ...options }: Window): Promise<void> => {
  const context = await browser.newContext({ ...options, deviceScaleFactor: 1.5 });
  const page = await context.newPage();
  await page.goto(url);
  await resolveAfter(FIRST_SCREEN_MS);
  await page.screenshot({ path: join(FOLDER, `${name}-first-screen.png`) });
  await page.getByRole('button', { name: 'Try it now' }).click();
  await page.getByRole('button', { name: 'All of them' }).click();
  await resolveAfter(LAB_MS);
  await page.screenshot({ path: join(FOLDER, `${name}-lab.png`) });
  await context.close();
};

await rm(FOLDER, { recursive: true, force: true });
await mkdir(FOLDER, { recursive: true });
// Each has a server of its own: the faults of one go on after its picture.
for (const window of WINDOWS) await withDemoApp((browser, url) => shoot(browser, url, window));
console.log(`Show the pictures in ${FOLDER} to a person who does not know the project: each first screen for ten
seconds, each resilience page for thirty. Then ask:
  1. What does this do, in one sentence?
  2. Does it work, and how do you know, in one sentence?
The test passes when the first answer names a session that goes on through faults, and the second one names faults that
were survived, with their count. Otherwise change the words on screen, and ask another person.`);
