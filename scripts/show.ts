/**
 * `npm run show`: opens the resilience page in a browser that this command drives. There its buttons kill the worker, reload
 * hard, cut the network, open forty tabs and restart the server for real.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext, type Page } from 'playwright-core';
import { hardReload, killWorkers } from '../lab/browser/page-levers.ts';
import { startServer, type RunningServer } from '../server/server.ts';
import type { ServerOptions } from '../server/server-options.ts';
import { findBrowser } from './browsers/find-browser.ts';
import { freePortPair } from './process/free-port.ts';

const CUT_MS = 3_000;
const DOWN_MS = 2_000;
const TABS = 40;

/** `--headless` shows no window: for a check of the command itself. */
const HEADLESS = process.argv.includes('--headless');

const wait = (ms: typeof CUT_MS | typeof DOWN_MS): Promise<void> => new Promise((done) => setTimeout(done, ms));

const openTabs = async (context: BrowserContext, url: string): Promise<void> => {
  const tabs = await Promise.all(Array.from({ length: TABS }, () => context.newPage()));
  await Promise.all(tabs.map((tab) => tab.goto(url)));
  await Promise.all(tabs.map((tab) => tab.close()));
};

const cutNetwork = async (context: BrowserContext): Promise<void> => {
  await context.setOffline(true);
  await wait(CUT_MS);
  await context.setOffline(false);
};

/** Runs until the person closes the browser. */
const show = async (options: ServerOptions, executablePath: string): Promise<void> => {
  let server: RunningServer = await startServer(options);
  const { url } = server;
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const browser = await chromium.launch({ executablePath, headless: HEADLESS, args });
  const context = await browser.newContext({ viewport: null });
  const restart = async (): Promise<void> => {
    await server.stop();
    await wait(DOWN_MS);
    server = await startServer(options);
  };
  const levers: Readonly<Record<string, (page: Page) => Promise<unknown>>> = {
    worker: killWorkers,
    'hard-reload': hardReload,
    network: () => cutNetwork(context),
    restart,
    tabs: async () => {
      await fetch(`${url}/lab/tokens/expire`, { method: 'POST' });
      await openTabs(context, url);
    },
  };
  await context.exposeBinding('sessionKeeperShow', async ({ page }, fault: unknown) => {
    await levers[String(fault)]?.(page);
  });
  const page = await context.newPage();
  await page.goto(url);
  await page.getByRole('button', { name: 'Try it now' }).click();
  console.log(`The page at ${url}/#lab is open. Close the browser to end.`);
  if (HEADLESS) await page.getByRole('heading', { name: 'Resilience' }).waitFor();
  else await new Promise<void>((closed) => void page.once('close', () => closed()));
  await browser.close();
  await server.stop();
};

const found = findBrowser();
if (!found) throw new Error('There is no Chromium on this machine. Run npm test, which installs one.');
const dataDir = await mkdtemp(join(tmpdir(), 'keeper-show-'));
try {
  await show({ port: await freePortPair(), dataDir, faultRoutes: true, logLevel: 'error' }, found.path);
} finally {
  await rm(dataDir, { recursive: true, force: true });
}
