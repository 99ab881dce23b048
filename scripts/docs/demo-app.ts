import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { startServer } from '../../server/server.ts';
import { findBrowser } from '../browsers/find-browser.ts';
import { freePortPair } from '../process/free-port.ts';

/** Runs the built app on a free port and opens the system's Chromium until `use` resolves. */
export const withDemoApp = async (use: (browser: Browser, url: string) => Promise<void>): Promise<void> => {
  const found = findBrowser();
  if (!found) throw new Error('There is no Chromium on this machine. Run npm test, which installs one.');
  const dataDir = await mkdtemp(join(tmpdir(), 'keeper-pictures-'));
  const server = await startServer({ port: await freePortPair(), dataDir, faultRoutes: true, logLevel: 'error' });
  const browser = await chromium.launch({
    executablePath: found.path,
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
  try {
    await use(browser, server.url);
  } finally {
    await browser.close();
    await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
};

/** Fills in the password form of the app. */
export const fillInForm = async (page: Page): Promise<void> => {
  await page.getByLabel('User name').fill('demo');
  await page.getByLabel('Password', { exact: true }).last().fill('demo');
};

/** Sends the form, and waits until the app shows the session. */
export const sendForm = async (page: Page): Promise<void> => {
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: /signed in as/ }).waitFor();
};

/** Kills the service worker, as browsers do to free memory. */
export const killWorker = async (page: Page): Promise<void> => {
  const session = await page.context().newCDPSession(page);
  await session.send('ServiceWorker.enable');
  await session.send('ServiceWorker.stopAllWorkers');
  await session.detach();
};
