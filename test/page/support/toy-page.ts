import { chromium, type Browser, type BrowserContext, type CDPSession, type Page } from '@playwright/test';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import type * as Lib from '../../../src/page/index.ts';
import type { ChannelEvent, Keeper } from '../../../src/page/index.ts';
import type { Snapshot } from '../../../src/protocol/snapshot.ts';
import { launchOptions } from '../../support/browser/browser.ts';
import { bundleToyScripts, openToySite, type Note, type ToyScripts, type ToySite } from './toy-site.ts';

/** The globals of the page's scripts: the page library, and values that a test keeps for later. */
declare global {
  var lib: typeof Lib;
  var keeper: Keeper;
  var received: ChannelEvent[];
  var log: string[];
  var socket: WebSocket;
  var pending: Promise<unknown>;
}

export type ToyPage = {
  readonly site: ToySite;
  readonly context: BrowserContext;
  readonly page: Page;
  readonly devtools: CDPSession;
};

const openPage = async (browser: Browser, site: ToySite, options: { serviceWorkers?: 'block' }): Promise<ToyPage> => {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  await devtools.send('ServiceWorker.enable');
  await page.goto(site.origin);
  return { site, context, page, devtools };
};

/** A browser for the file, and a new site for each test. */
export const useToySite = (): {
  readonly site: ToySite;
  open(options?: { serviceWorkers?: 'block' }): Promise<ToyPage>;
} => {
  let browser: Browser;
  let scripts: ToyScripts;
  let site: ToySite;
  beforeAll(async () => {
    scripts = await bundleToyScripts();
    // Playwright disables the back-forward cache.
    browser = await chromium.launch({ ...launchOptions(), ignoreDefaultArgs: ['--disable-back-forward-cache'] });
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    site = await openToySite(scripts);
  });
  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()));
    await site.close();
  });
  return {
    get site() {
      return site;
    },
    open: (options = {}) => openPage(browser, site, options),
  };
};

export const connect = ({ page }: ToyPage): Promise<Snapshot> =>
  page.evaluate(async () => {
    globalThis.keeper = await lib.connect();
    return keeper.snapshot;
  });

export const kill = ({ devtools }: ToyPage): Promise<unknown> => devtools.send('ServiceWorker.stopAllWorkers');

export const workerId = ({ page }: ToyPage): Promise<string> => page.evaluate(() => keeper.snapshot.worker.id);

/** The notes of the workers that begin with `start`. */
export const noted = ({ site }: ToyPage, start: string): Note[] =>
  site.notes.filter(({ what }) => what.startsWith(start));

/** Polls for longer than a loaded machine needs. */
export const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 15_000, interval: 20 });

/** Waits until the workers have sent `count` of these notes. */
export const untilNoted = (toy: ToyPage, start: string, count: number): Promise<void> =>
  eventually(() => noted(toy, start).length).toBe(count);
