import { isObject, own, parseJson, stringAt, type JsonObject } from '../../src/protocol/schema/json.ts';
import type { Debugger } from './debugger.ts';

/**
 * A tab with a debugger on this one page only. So its idle workers stop, and it gets hidden and throttled, as in real use.
 * A debugger that attaches to all targets keeps workers alive and pages visible.
 */
export type BareTab = {
  /** For commands that no method here has. */
  readonly debug: Debugger;
  goto(url: string): Promise<void>;
  /** Runs an expression in the page. Resolves with its awaited value as JSON, and rejects with its error. */
  evaluate(expression: string): Promise<unknown>;
  /** `frozen` stops a hidden page and its workers, as browsers do to save energy. `active` resumes them. */
  setLife(state: 'frozen' | 'active'): Promise<void>;
  /** Kills the workers of the page's origin. */
  killWorkers(): Promise<void>;
};

/** Calls the browser's HTTP interface (https://chromedevtools.github.io/devtools-protocol/#endpoints). */
export const askBrowser = async (host: string, path: string, method = 'GET'): Promise<unknown> =>
  parseJson(await (await fetch(`http://${host}${path}`, { method })).text());

const pagesOf = (targets: unknown): JsonObject[] =>
  (Array.isArray(targets) ? (targets as unknown[]) : [targets])
    .filter(isObject)
    .filter((target) => own(target, 'type') === 'page');

/** The debugger URL of the first page of a browser, or of the target that was just opened. */
export const pageIn = (targets: unknown): string => {
  const url = pagesOf(targets).flatMap((page) => stringAt(page, 'webSocketDebuggerUrl') ?? [])[0];
  if (url === undefined) throw new Error('The browser has no page.');
  return url;
};

const valueOf = (answer: JsonObject): unknown => {
  const found = own(answer, 'result');
  if (!isObject(found) || own(found, 'exceptionDetails') !== undefined) throw new Error(JSON.stringify(answer));
  const result = own(found, 'result');
  return isObject(result) ? own(result, 'value') : undefined;
};

export const tabOf = (debug: Debugger): BareTab => {
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
