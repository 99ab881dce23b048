/** Takes the pictures of the manifest and `docs/states` from the real app: `npm run build && npm run screenshots`. */
import { mkdir } from 'node:fs/promises';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { fillInForm, killWorker, sendForm, withDemoApp } from '../../scripts/docs/demo-app.ts';
import { visitStates } from './app-states.ts';

/** The sizes in the manifest. A browser's install dialog shows no picture of another size. */
const WIDE = { width: 1280, height: 800 };
const NARROW = { width: 412, height: 732 };
const STATE = { width: 1180, height: 800 };
const MANIFEST = 'public/screenshots';
const STATES = 'docs/states';

const signIn = async (page: Page, url: string): Promise<void> => {
  await page.goto(url);
  await fillInForm(page);
  await sendForm(page);
};

/** Reloads the page and kills the worker, so that the timeline shows both. */
const live = async (page: Page): Promise<void> => {
  await page.reload();
  await page.getByRole('button', { name: 'Session: Connected' }).waitFor();
  await killWorker(page);
  await page.evaluate(() => fetch('/api/v1/llm/models'));
  await page.getByRole('main').getByText('Everything is connected.').waitFor();
};

const see = async (page: Page, name: 'Home' | 'Messages' | 'Timeline'): Promise<void> => {
  await page.getByRole('link', { name, exact: true }).click();
  await page.getByRole('heading', { level: 1 }).first().waitFor();
};

const say = async (page: Page, text: string): Promise<void> => {
  await page.getByRole('textbox', { name: 'Message' }).fill(text);
  await page.keyboard.press('Enter');
};

/** A conversation of two devices. Its last message waits for the network. */
const talk = async (page: Page, context: BrowserContext, picture: string): Promise<void> => {
  const other = await context.newPage();
  await other.goto(new URL('/#messages', page.url()).href);
  await see(page, 'Messages');
  await say(page, 'Tests are green on both machines.');
  await other.getByRole('listitem').filter({ hasText: 'Tests are green' }).waitFor();
  await say(other, 'Then we ship today?');
  await page.getByRole('listitem').filter({ hasText: 'Then we ship today?' }).waitFor();
  await context.setOffline(true);
  await page.getByText('Messages stay on this device').waitFor();
  await say(page, 'Yes. I am on the train, this one goes out later.');
  await page.getByText('Queued').waitFor();
  await page.screenshot({ path: picture });
  await context.setOffline(false);
  await page.getByText('Delivered').last().waitFor();
  await other.close();
};

const pictures = async (browser: Browser, url: string): Promise<void> => {
  const context = await browser.newContext({ viewport: WIDE });
  const page = await context.newPage();
  await signIn(page, url);
  await live(page);
  await page.screenshot({ path: `${MANIFEST}/wide.png` });
  await page.setViewportSize(NARROW);
  await page.screenshot({ path: `${MANIFEST}/narrow.png` });
  await talk(page, context, `${MANIFEST}/narrow-messages.png`);
  await page.setViewportSize(WIDE);
  await see(page, 'Timeline');
  await page.getByRole('application').press('ArrowLeft');
  await page.screenshot({ path: `${MANIFEST}/wide-timeline.png` });
  await context.close();
};

/** Each state in `docs/states`, light and dark. */
const states = (browser: Browser): Promise<void> =>
  visitStates(browser, { viewport: STATE, deviceScaleFactor: 1.5 }, async (name, page) => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: `${STATES}/${name}-${colorScheme}.png` });
    }
  });

await withDemoApp(async (browser, url) => {
  await Promise.all([mkdir(MANIFEST, { recursive: true }), mkdir(STATES, { recursive: true })]);
  await pictures(browser, url);
  await states(browser);
});
