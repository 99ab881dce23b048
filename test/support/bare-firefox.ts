import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { WebSocket } from 'ws';
import { findFirefox } from '../../scripts/find-engines.ts';
import { isObject, own, parseJson, stringAt } from '../../src/protocol/json.ts';
import type { BareBrowser } from './bare-browser.ts';

/** One tab of a browser, and the means to put another in front of it. */
export type HiddenTab = Pick<BareBrowser, 'goto' | 'evaluate' | 'hide' | 'close'>;

const LISTENING = /^WebDriver BiDi listening on (ws:\/\/\S+)/;

type Send = (method: string, params: object) => Promise<unknown>;

/** WebDriver BiDi (https://www.w3.org/TR/webdriver-bidi/): an answer, or a rejection with what went wrong. */
const attach = async (url: string): Promise<{ send: Send; close(): void }> => {
  const socket = new WebSocket(`${url}/session`);
  const waiting = new Map<unknown, { resolve(result: unknown): void; reject(error: Error): void }>();
  let last = 0;
  socket.on('message', (data: Buffer) => {
    const answer = parseJson(data.toString());
    if (!isObject(answer)) return;
    const call = waiting.get(own(answer, 'id'));
    waiting.delete(own(answer, 'id'));
    if (own(answer, 'type') === 'success') call?.resolve(own(answer, 'result'));
    else call?.reject(new Error(data.toString()));
  });
  await once(socket, 'open');
  return {
    send: (method, params) => {
      last += 1;
      const id = last;
      socket.send(JSON.stringify({ id, method, params }));
      return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
    },
    close: () => socket.close(),
  };
};

/** What a script returned, which is always text here; throws what it threw. */
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
 * A Firefox of this machine whose tabs lie in one window, so that one hides the other. Playwright opens a window for
 * each, and there both stay visible.
 */
export const startBareFirefox = async (): Promise<HiddenTab> => {
  const path = findFirefox();
  if (path === undefined) throw new Error('There is no Firefox here; `npm run test:engines` installs one.');
  const profile = await mkdtemp(join(tmpdir(), 'keeper-profile-'));
  const args = ['--headless', '--no-remote', '--remote-debugging-port=0', '--profile', profile, 'about:blank'];
  const browser = spawn(path, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const end = once(browser, 'exit');
  const url = await new Promise<string>((resolve, reject) => {
    void end.then(() => reject(new Error('The browser ended before it listened.')));
    createInterface({ input: browser.stderr }).on('line', (line) => {
      const [, found] = LISTENING.exec(line) ?? [];
      if (found !== undefined) resolve(found);
    });
  });
  const { send, close } = await attach(url);
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
      browser.kill();
      await end;
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
};
