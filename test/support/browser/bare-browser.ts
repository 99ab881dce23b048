import { askBrowser, pageIn, tabOf, type BareTab } from '../../../lab/browser/bare-tab.ts';
import { ADDRESS_BAR_PAGES, browserArgs, type ProcessAccount } from '../../../lab/browser/browser-process.ts';
import { attach, type Debugger } from '../../../lab/browser/debugger.ts';
import { isObject, own, stringAt, type JsonObject } from '../../../src/protocol/schema/json.ts';
import { startBareProcess } from './bare-process.ts';
import { launchOptions } from './browser.ts';

export type { BareTab };

/** A browser without a debugger on its workers (`BareTab`), for what happens to idle and hidden tabs. */
export type BareBrowser = BareTab & {
  /** Opens another tab in front of the others. */
  open(): Promise<BareTab>;
  /** Opens a tab in its own window, where it stays visible. */
  openWindow(): Promise<BareTab>;
  /** Puts another tab in front of the page. */
  hide(): Promise<void>;
  /** Host and port where a debugger can attach. */
  readonly host: string;
  /** The browser's process, the parent of its tabs and workers. */
  readonly pid: number;
  close(): Promise<void>;
};

const LISTENING = /^DevTools listening on ws:\/\/([^/]+)\//;

/** The browser itself. */
const rootOf = async (host: string): Promise<string> => {
  const version = await askBrowser(host, '/json/version');
  const url = isObject(version) ? stringAt(version, 'webSocketDebuggerUrl') : undefined;
  if (url === undefined) throw new Error('The browser reports no debugger URL.');
  return url;
};

const targetOf = (answer: JsonObject): string => {
  const result = own(answer, 'result');
  const id = isObject(result) ? stringAt(result, 'targetId') : undefined;
  if (id === undefined) throw new Error(JSON.stringify(answer));
  return id;
};

export type BareBrowserOptions = { account?: ProcessAccount | undefined; args?: readonly string[] | undefined };

export const startBareBrowser = async ({ account, args = [] }: BareBrowserOptions = {}): Promise<BareBrowser> => {
  const argsFor = (profile: string): readonly string[] => [
    ...browserArgs(),
    '--headless=new',
    `--disable-features=${ADDRESS_BAR_PAGES.join(',')}`,
    '--remote-debugging-port=0',
    `--user-data-dir=${profile}`,
    ...args,
    'about:blank',
  ];
  const path = launchOptions().executablePath;
  const browser = await startBareProcess({ path, argsFor, listening: LISTENING, account });
  const host = browser.address;
  const attached: Debugger[] = [];
  const tabAt = async (url: string): Promise<BareTab> => {
    const debug = await attach(url);
    attached.push(debug);
    return tabOf(debug);
  };
  const openBlank = (): Promise<unknown> => askBrowser(host, '/json/new?about:blank', 'PUT');
  return {
    ...(await tabAt(pageIn(await askBrowser(host, '/json/list')))),
    open: async () => tabAt(pageIn(await openBlank())),
    openWindow: async () => {
      const root = await attach(await rootOf(host));
      const created = await root.command('Target.createTarget', { url: 'about:blank', newWindow: true });
      root.close();
      return tabAt(`ws://${host}/devtools/page/${targetOf(created)}`);
    },
    host,
    pid: browser.pid,
    hide: async () => void (await openBlank()),
    close: async () => {
      for (const debug of attached) debug.close();
      await browser.close();
    },
  };
};
