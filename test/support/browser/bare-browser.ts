import { isObject, own, parseJson, stringAt, type JsonObject } from '../../../src/protocol/json.ts';
import { attach, startBareProcess, type Account, type Debugger } from './bare-process.ts';
import { browserArgs, launchOptions } from './browser.ts';

/**
 * A browser with nothing attached but one page: its workers die of idleness, and its tabs are hidden and throttled, as
 * those of people are. A debugger that attaches to everything keeps workers alive for ever, and pages visible.
 */
export type BareTab = {
  goto(url: string): Promise<void>;
  /** Runs an expression in the page; gives its value, awaited, as JSON has it. Rejects on what it throws. */
  evaluate(expression: string): Promise<unknown>;
  /** Stops a hidden page and its workers, as a browser does that saves energy; `active` lets them go on. */
  setLife(state: 'frozen' | 'active'): Promise<void>;
  /** Stops the workers of the page's origin where they stand. */
  killWorkers(): Promise<void>;
};

export type BareBrowser = BareTab & {
  /** Opens another tab in front of those that are there. */
  open(): Promise<BareTab>;
  /** Opens a tab in a window of its own: all such stay visible. */
  openWindow(): Promise<BareTab>;
  /** Puts another tab in front of the page. */
  hide(): Promise<void>;
  /** Where a debugger may attach to it: host and port. */
  readonly host: string;
  /** Process of the browser; its tabs and workers are children of it. */
  readonly pid: number;
  close(): Promise<void>;
};

const LISTENING = /^DevTools listening on ws:\/\/([^/]+)\//;

const get = async (url: string, method = 'GET'): Promise<unknown> =>
  parseJson(await (await fetch(url, { method })).text());

/** Where the one page of a fresh browser is driven from, or the target that was just opened. */
const pageOf = (targets: unknown): string => {
  const page = (Array.isArray(targets) ? (targets as unknown[]) : [targets])
    .filter(isObject)
    .find((target) => own(target, 'type') === 'page');
  const url = page && stringAt(page, 'webSocketDebuggerUrl');
  if (url === undefined) throw new Error('The browser has no page.');
  return url;
};

/** The browser itself. */
const rootOf = async (host: string): Promise<string> => {
  const version = await get(`http://${host}/json/version`);
  const url = isObject(version) ? stringAt(version, 'webSocketDebuggerUrl') : undefined;
  if (url === undefined) throw new Error('The browser tells no address of its own.');
  return url;
};

const targetOf = (answer: JsonObject): string => {
  const result = own(answer, 'result');
  const id = isObject(result) ? stringAt(result, 'targetId') : undefined;
  if (id === undefined) throw new Error(JSON.stringify(answer));
  return id;
};

const valueOf = (answer: JsonObject): unknown => {
  const found = own(answer, 'result');
  if (!isObject(found) || own(found, 'exceptionDetails') !== undefined) throw new Error(JSON.stringify(answer));
  const result = own(found, 'result');
  return isObject(result) ? own(result, 'value') : undefined;
};

const tabOf = ({ ask }: Debugger): BareTab => {
  const evaluate = async (expression: string): Promise<unknown> =>
    valueOf(await ask('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true }));
  return {
    evaluate,
    goto: async (url) => {
      await ask('Page.navigate', { url });
      // until then the expression is evaluated in the page that is being left
      while (
        (await evaluate(`location.href.startsWith(${JSON.stringify(url)}) && document.readyState === 'complete'`)) !==
        true
      );
    },
    killWorkers: async () => {
      await ask('ServiceWorker.enable');
      await ask('ServiceWorker.stopAllWorkers');
    },
    setLife: async (state) => void (await ask('Page.setWebLifecycleState', { state })),
  };
};

export const startBareBrowser = async (account?: Account): Promise<BareBrowser> => {
  const argsFor = (profile: string): readonly string[] => [
    ...browserArgs(),
    '--headless=new',
    '--remote-debugging-port=0',
    `--user-data-dir=${profile}`,
    'about:blank',
  ];
  const browser = await startBareProcess(launchOptions().executablePath, argsFor, LISTENING, account);
  const host = browser.address;
  const attached: Debugger[] = [];
  const tabAt = async (url: string): Promise<BareTab> => {
    const debug = await attach(url);
    attached.push(debug);
    return tabOf(debug);
  };
  const openBlank = (): Promise<unknown> => get(`http://${host}/json/new?about:blank`, 'PUT');
  return {
    ...(await tabAt(pageOf(await get(`http://${host}/json/list`)))),
    open: async () => tabAt(pageOf(await openBlank())),
    openWindow: async () => {
      const root = await attach(await rootOf(host));
      const created = await root.ask('Target.createTarget', { url: 'about:blank', newWindow: true });
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
