/**
 * `npm run see:states`: every state and page of the app at five widths, light and dark, as pictures in `.cache/look`. Look
 * at each one before a change of the interface is pushed.
 */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { fillInForm, sendForm, withDemoApp } from '../../scripts/docs/demo-app.ts';
import { visitStates } from './app-states.ts';

const FOLDER = join('.cache', 'look');
/** A small phone, a phone, a tablet, a laptop, a wide screen. */
const WIDTHS = [320, 390, 768, 1280, 1600] as const;
const HEIGHT = 900;
const PAGES = ['messages', 'timeline', 'lab', 'tryIt', 'settings', 'nothing'] as const;

const shootAll = async (name: string, page: Page): Promise<void> => {
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: HEIGHT });
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: join(FOLDER, `${name}-${width}-${colorScheme}.png`), fullPage: true });
    }
  }
};

const pages = async (browser: Browser, url: string): Promise<void> => {
  const page = await browser.newPage({ reducedMotion: 'reduce' });
  await page.goto(url);
  await fillInForm(page);
  await sendForm(page);
  for (const name of PAGES) {
    await page.goto(`${url}/#${name}`);
    await page.locator(`#${name === 'nothing' ? 'missing' : name} h1`).waitFor();
    await shootAll(`page-${name}`, page);
  }
  await page.close();
};

await rm(FOLDER, { recursive: true, force: true });
await mkdir(FOLDER, { recursive: true });
await withDemoApp(async (browser, url) => {
  await pages(browser, url);
  await visitStates(browser, {}, shootAll);
});
console.log(`The pictures are in ${FOLDER}.`);
