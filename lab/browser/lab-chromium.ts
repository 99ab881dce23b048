import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { elapse } from '../base/elapse.ts';
import { askBrowser, pageIn, tabOf } from './bare-tab.ts';
import { ADDRESS_BAR_PAGES, browserArgs, startBareProcess, type BareProcess } from './browser-process.ts';
import { clockScript } from './clock-script.ts';
import { attach, type Debugger } from './debugger.ts';
import type { LabBrowser, LabBrowserOptions } from './lab-browser.ts';
import { killWorkers } from './page-levers.ts';
import { followWorkers } from './workers.ts';

const LISTENING = /^DevTools listening on (ws:\/\/\S+)/;
const WINDOW_SIZE = '--window-size=1280,900';

/** Services of the browser itself. Their requests are none of the site's. */
const SERVICES = [
  'AutofillServerCommunication',
  'OptimizationHints',
  'MediaRouter',
  'Translate',
  'PasswordLeakDetection',
];
const argsFor =
  ({ proxy, spki, headed = false }: LabBrowserOptions) =>
  (profile: string): readonly string[] => [
    ...browserArgs(),
    ...(headed ? [] : ['--headless=new']),
    WINDOW_SIZE,
    `--disable-features=${[...SERVICES, ...ADDRESS_BAR_PAGES].join(',')}`,
    '--disable-component-extensions-with-background-pages',
    '--disable-default-apps',
    '--disable-domain-reliability',
    '--remote-debugging-port=0',
    `--user-data-dir=${profile}`,
    `--proxy-server=socks5://${proxy}`,
    // Chromium reaches loopback without its proxy otherwise (net/docs/proxy.md, "Implicit bypass rules").
    '--proxy-bypass-list=<-loopback>',
    ...(spki === undefined ? [] : [`--ignore-certificate-errors-spki-list=${spki}`]),
    'about:blank',
  ];

type Driven = { browser: Browser; context: BrowserContext; page: Page };

const drive = async (address: string): Promise<Driven> => {
  const browser = await chromium.connectOverCDP(address);
  const context = browser.contexts()[0];
  if (!context) throw new Error('The browser has no window.');
  const page = context.pages()[0] ?? (await context.newPage());
  return { browser, context, page };
};

/** Finds the tab again: the order of the tabs changes. */
const pageAt = (context: BrowserContext, url: string): Page | undefined =>
  context.pages().find((page) => page.url() === url);

const suspended = async ({ pid }: BareProcess, ms: number): Promise<void> => {
  // Its tabs and workers are in processes of their own, which wait for this one.
  process.kill(pid, 'SIGSTOP');
  await elapse(ms);
  process.kill(pid, 'SIGCONT');
};

export const startLabChromium = async (options: LabBrowserOptions): Promise<LabBrowser> => {
  const started = await startBareProcess({
    path: options.executablePath,
    argsFor: argsFor(options),
    listening: LISTENING,
  });
  const { host } = new URL(started.address);
  const root: Debugger = await attach(started.address);
  const workers = await followWorkers(root);
  const scripts: string[] = [];
  let driven = await drive(started.address);
  let offsetMs = 0;

  const prepare = async (): Promise<void> => {
    await driven.context.addInitScript(clockScript(offsetMs));
    for (const script of scripts) await driven.context.addInitScript(script);
  };
  const inPages = (script: string): Promise<unknown> =>
    Promise.all(driven.context.pages().map((page) => page.evaluate(script).catch(() => undefined)));
  await prepare();

  return {
    engine: 'chromium',
    version: driven.browser.version(),
    context: () => driven.context,
    page: () => driven.page,
    setClockOffset: async (ms) => {
      offsetMs = ms;
      await workers.setClock(ms);
      await driven.context.addInitScript(clockScript(ms));
      await inPages(clockScript(ms));
    },
    workers,
    addScript: async (source) => {
      scripts.push(source);
      await workers.addScript(source);
      await driven.context.addInitScript(source);
      await inPages(source);
    },
    detached: async (run) => {
      const url = driven.page.url();
      await driven.browser.close();
      const list = await askBrowser(host, '/json/list');
      const debug = await attach(
        pageIn(Array.isArray(list) ? list.filter((target: unknown) => isAt(target, url)) : list),
      );
      let cover: string | undefined;
      try {
        await run(tabOf(debug), async () => {
          cover = idOf(await askBrowser(host, '/json/new?about:blank', 'PUT'));
        });
        if (cover !== undefined) await askBrowser(host, `/json/close/${cover}`).catch(() => undefined);
      } finally {
        debug.close();
        driven = await drive(started.address);
        driven.page = pageAt(driven.context, url) ?? driven.page;
        await prepare();
      }
    },
    killWorkers: () => killWorkers(driven.page),
    suspend: (ms) => suspended(started, ms),
    close: async () => {
      root.close();
      await driven.browser.close().catch(() => undefined);
      await started.close();
    },
  };
};

const fieldOf = (target: unknown, name: string): unknown =>
  typeof target === 'object' && target !== null ? Reflect.get(target, name) : undefined;
const isAt = (target: unknown, url: string): boolean => fieldOf(target, 'url') === url;
const idOf = (target: unknown): string | undefined => {
  const id = fieldOf(target, 'id');
  return typeof id === 'string' ? id : undefined;
};
