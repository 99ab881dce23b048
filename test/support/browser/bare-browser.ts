import { isObject, own, parseJson, stringAt, type JsonObject } from '../../../src/protocol/schema/json.ts';
import { attach, startBareProcess, type Account, type Debugger } from './bare-process.ts';
import { browserArgs, launchOptions } from './browser.ts';

/**
 * A browser with a debugger on one page only. So its idle workers stop, and its tabs get hidden and throttled, as in real
 * use. A debugger that attaches to all targets keeps workers alive and pages visible.
 */
export type BareTab = {
  goto(url: string): Promise<void>;
  /** Runs an expression in the page. Resolves with its awaited value as JSON, and rejects with its error. */
  evaluate(expression: string): Promise<unknown>;
  /** `frozen` stops a hidden page and its workers, as browsers do to save energy. `active` resumes them. */
  setLife(state: 'frozen' | 'active'): Promise<void>;
  /** Kills the workers of the page's origin. */
  killWorkers(): Promise<void>;
  /** The connection to the page, for other commands and events of the DevTools protocol. */
  readonly debug: Debugger;
};

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

const get = async (url: string, method = 'GET'): Promise<unknown> =>
  parseJson(await (await fetch(url, { method })).text());

/** The debugger URL of the only page of a fresh browser, or of the target that was just opened. */
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
  if (url === undefined) throw new Error('The browser reports no debugger URL.');
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

const tabOf = (debug: Debugger): BareTab => {
  const { command } = debug;
  const evaluate = async (expression: string): Promise<unknown> =>
    valueOf(await command('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true }));
  return {
    debug,
    evaluate,
    goto: async (url) => {
      await command('Page.navigate', { url });
      // Until then an expression would run in the old page.
      while (
        (await evaluate(`location.href.startsWith(${JSON.stringify(url)}) && document.readyState === 'complete'`)) !==
        true
      );
    },
    killWorkers: async () => {
      await command('ServiceWorker.enable');
      await command('ServiceWorker.stopAllWorkers');
    },
    setLife: async (state) => void (await command('Page.setWebLifecycleState', { state })),
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
