/** Renews `docs/session.png` from the real app: `npm run build && npm run screenshot`. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { startServer } from '../server/server.ts';
import { findBrowser } from './find-browser.ts';
import { freePortPair } from './free-port.ts';

const VIEW = { width: 1180, height: 800 };

const signIn = async (page: Page, url: string): Promise<void> => {
  await page.goto(url);
  await page.getByLabel('User name').fill('demo');
  await page.getByLabel('Password', { exact: true }).last().fill('demo');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: /signed in as/ }).waitFor();
};

/** Something to have survived: a reload and a worker that dies. */
const live = async (page: Page): Promise<void> => {
  await page.reload();
  await page.getByRole('button', { name: 'Session: Connected' }).waitFor();
  const session = await page.context().newCDPSession(page);
  await session.send('ServiceWorker.enable');
  await session.send('ServiceWorker.stopAllWorkers');
  await page.evaluate(() => fetch('/api/v1/llm/models'));
  await page.getByRole('main').getByText('Everything is connected.').waitFor();
};

const found = findBrowser();
if (!found) throw new Error('There is no Chromium here; `npm test` installs one.');
const dataDir = await mkdtemp(join(tmpdir(), 'keeper-screenshot-'));
const server = await startServer({ port: await freePortPair(), dataDir, lab: true });
const browser = await chromium.launch({
  executablePath: found.path,
  args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
});
try {
  const page = await browser.newPage({ viewport: VIEW, deviceScaleFactor: 1.5 });
  await signIn(page, server.url);
  await live(page);
  await page.screenshot({ path: 'docs/session.png' });
} finally {
  await browser.close();
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
}
