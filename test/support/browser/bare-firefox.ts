import { findFirefox } from '../../../scripts/browsers/find-engines.ts';
import { isObject, own, parseJson, stringAt, type JsonObject } from '../../../src/protocol/schema/json.ts';
import type { BareBrowser } from './bare-browser.ts';
import { attach } from '../../../lab/browser/debugger.ts';
import { startBareProcess } from './bare-process.ts';

/** One tab of a browser, and a way to put another tab in front of it. */
export type HiddenTab = Pick<BareBrowser, 'goto' | 'evaluate' | 'hide' | 'close'>;

const LISTENING = /^WebDriver BiDi listening on (ws:\/\/\S+)/;

/** The result of a WebDriver BiDi command (https://www.w3.org/TR/webdriver-bidi/). Throws its error. */
const resultOf = (answer: JsonObject): unknown => {
  if (own(answer, 'type') !== 'success') throw new Error(JSON.stringify(answer));
  return own(answer, 'result');
};

/** The text that a script returned. Throws its error. */
const textOf = (answer: unknown): string => {
  const result = isObject(answer) ? own(answer, 'result') : undefined;
  const text = isObject(result) ? stringAt(result, 'value') : undefined;
  if (text === undefined) throw new Error(JSON.stringify(answer));
  return text;
};

const contextOf = (answer: unknown): string => {
  const context = isObject(answer) ? stringAt(answer, 'context') : undefined;
  if (context === undefined) throw new Error(JSON.stringify(answer));
  return context;
};

/**
 * A Firefox with all tabs in one window, so that one hides the other. Playwright opens a window for each tab, and both
 * stay visible.
 */
export const startBareFirefox = async (): Promise<HiddenTab> => {
  const path = findFirefox();
  if (path === undefined) throw new Error('There is no Firefox here; `npm run test:engines` installs one.');
  const argsFor = (profile: string): readonly string[] => [
    '--headless',
    '--no-remote',
    '--remote-debugging-port=0',
    '--profile',
    profile,
    'about:blank',
  ];
  const browser = await startBareProcess({ path, argsFor, listening: LISTENING });
  const { command, close } = await attach(`${browser.address}/session`);
  const send = async (method: string, params: object): Promise<unknown> => resultOf(await command(method, params));
  await send('session.new', { capabilities: {} });
  const open = async (): Promise<string> => contextOf(await send('browsingContext.create', { type: 'tab' }));
  const context = await open();
  return {
    goto: async (address) => void (await send('browsingContext.navigate', { context, url: address, wait: 'complete' })),
    evaluate: async (expression) => {
      const answer = await send('script.evaluate', {
        expression: `(async () => JSON.stringify((await (${expression})) ?? null))()`,
        target: { context },
        awaitPromise: true,
      });
      return parseJson(textOf(answer));
    },
    hide: async () => void (await open()),
    close: async () => {
      close();
      await browser.close();
    },
  };
};
