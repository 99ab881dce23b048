import { chromium, type Page, type Response } from 'playwright-core';
import { parseJson } from '../../src/protocol/schema/json.ts';
import { browserArgs } from '../browser/browser-process.ts';
import { moduleSource, RECORDED_ACTION, type RecordedAction } from './module-source.ts';
import { RECORD_SCRIPT, REPORT_FUNCTION } from './record-script.ts';

export type Recorded = { type: 'recorded'; source: string; secrets: number } | { type: 'nothing' };

export type RecordOptions = {
  url: string;
  executablePath: string;
  headless: boolean;
  /** Signs in in the place of a person, and then the recording ends. */
  act?: ((page: Page) => Promise<void>) | undefined;
};

/** The last part of paths that say who is signed in. */
const WHO = /\/(me|whoami|userinfo|user|profile|account|session)\/?$/i;

/** A path of the site's own origin that answered JSON, and whose name says that it is about the user. */
const proofIn = (response: Response, origin: string): string | undefined => {
  const url = new URL(response.url());
  const isJson = (response.headers()['content-type'] ?? '').includes('json');
  const isGet = response.request().method() === 'GET';
  return isGet && response.ok() && isJson && url.origin === origin && WHO.test(url.pathname) ? url.pathname : undefined;
};

/** Opens a browser, and writes a sign-in module from what a person does in it, until its page is closed. */
export const recordSignIn = async ({ url, executablePath, headless, act }: RecordOptions): Promise<Recorded> => {
  const browser = await chromium.launch({ executablePath, headless, args: browserArgs() });
  const actions: RecordedAction[] = [];
  let proof: string | undefined;
  try {
    const context = await browser.newContext({ viewport: null });
    await context.exposeFunction(REPORT_FUNCTION, (text: string) => {
      const action = RECORDED_ACTION.read(parseJson(text));
      if (action) actions.push(action);
    });
    await context.addInitScript(RECORD_SCRIPT);
    const page = await context.newPage();
    page.on('response', (response) => {
      proof ??= proofIn(response, new URL(url).origin);
    });
    await page.goto(url);
    if (act) await act(page);
    else await page.waitForEvent('close', { timeout: 0 });
  } finally {
    await browser.close();
  }
  // Clicks after the password was sent are no part of the sign-in.
  const lastSecret = actions.findLastIndex(({ type }) => type === 'secret');
  if (lastSecret < 0) return { type: 'nothing' };
  const kept = actions.slice(0, lastSecret + 2);
  return {
    type: 'recorded',
    source: moduleSource(kept, proof),
    secrets: kept.filter(({ type }) => type === 'secret').length,
  };
};
