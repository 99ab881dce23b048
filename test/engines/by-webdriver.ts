import { spawn } from 'node:child_process';
import type { Page } from '@playwright/test';
import { findWebKit } from '../../scripts/browsers/find-engines.ts';
import { freePortPair } from '../../scripts/process/free-port.ts';
import { isObject, own, parseJson, stringAt } from '../../src/protocol/schema/json.ts';
import { QUIET, startDisplay } from './webkit/display.ts';
import type { Engine, Tab } from './engine.ts';

/*
 * WebKitGTK through W3C WebDriver (https://www.w3.org/TR/webdriver2/), the only protocol of Debian's build. Its
 * automation sessions are ephemeral: no data survives the browser.
 */

const SCRIPT_DEADLINE_MS = 60_000;
const DRIVER_TRIES = 200;
const DRIVER_PAUSE_MS = 50;

type Call = (method: 'GET' | 'POST' | 'DELETE', path: string, body?: object) => Promise<unknown>;

const callOf =
  (base: string): Call =>
  async (method, path, body = {}) => {
    const init =
      method === 'POST' ? { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } } : {};
    const response = await fetch(base + path, { method, ...init });
    const answer = parseJson(await response.text());
    const value = isObject(answer) ? own(answer, 'value') : undefined;
    if (!response.ok)
      throw new Error(`${method} ${path}: ${isObject(value) ? stringAt(value, 'message') : 'no answer'}`);
    return value;
  };

const untilUp = async (call: Call): Promise<void> => {
  for (let tried = 1; ; tried++) {
    const up = await call('GET', '/status').then(
      () => true,
      () => false,
    );
    if (up) return;
    if (tried === DRIVER_TRIES) throw new Error('WebKitWebDriver does not answer');
    await new Promise((resolve) => setTimeout(resolve, DRIVER_PAUSE_MS));
  }
};

/** Runs in the page. Returns an error as text, because the protocol would lose its message. */
const wrapped = (source: string): string => `
  const [argument, done] = arguments;
  Promise.resolve().then(() => (${source})(argument)).then(
    (value) => done({ value: value === undefined ? null : value }),
    (error) => done({ error: String(error) }),
  );`;

const textOf = (value: unknown, key: string): string => (isObject(value) ? stringAt(value, key) : undefined) ?? '';

/** Runs one piece of work after the other. */
const createTurns = (): (<T>(work: () => Promise<T>) => Promise<T>) => {
  let turn: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = turn.then(work);
    turn = mine.catch(() => undefined);
    return mine;
  };
};

const tabOf = (session: Call, handle: string, inTurn: ReturnType<typeof createTurns>): Tab => {
  // The driver controls one window at a time.
  const call: Call = (...args) =>
    inTurn(async () => {
      await session('POST', '/window', { handle });
      return session(...args);
    });
  const evaluate = async (script: (argument: unknown) => unknown, argument?: unknown): Promise<unknown> => {
    const answer = await call('POST', '/execute/async', { script: wrapped(String(script)), args: [argument ?? null] });
    const error = textOf(answer, 'error');
    if (error !== '') throw new Error(error);
    return isObject(answer) ? (own(answer, 'value') ?? undefined) : undefined;
  };
  return {
    // As in Playwright, for values that can be cloned. The overloads for handles are missing.
    evaluate: evaluate as Page['evaluate'],
    goto: async (url) => void (await call('POST', '/url', { url })),
    reload: async () => void (await call('POST', '/refresh')),
    close: async () => void (await call('DELETE', '/window')),
  };
};

export const openByWebDriver = async (): Promise<Engine> => {
  const found = findWebKit();
  if (!found) throw new Error('There is no WebKitGTK here; `npm run test:engines` installs one.');
  const { child: screen, display } = await startDisplay();
  const port = await freePortPair();
  const env = { ...process.env, ...QUIET, DISPLAY: display };
  const driver = spawn(found.driver, [`--port=${port}`, '--host=127.0.0.1'], { env, stdio: 'ignore' });
  const stop = (): void => {
    driver.kill();
    screen.kill();
  };
  try {
    const call = callOf(`http://127.0.0.1:${port}`);
    await untilUp(call);
    const options = { 'webkitgtk:browserOptions': { binary: found.browser, args: ['--automation'] } };
    const made = await call('POST', '/session', { capabilities: { alwaysMatch: options } });
    const session: Call = (method, path, body) => call(method, `/session/${textOf(made, 'sessionId')}${path}`, body);
    await session('POST', '/timeouts', { script: SCRIPT_DEADLINE_MS });
    const inTurn = createTurns();
    const opened = async (): Promise<string> =>
      textOf(await inTurn(() => session('POST', '/window/new', { type: 'window' })), 'handle');
    return {
      name: 'webkit',
      version: textOf(isObject(made) ? own(made, 'capabilities') : undefined, 'browserVersion'),
      open: async () => tabOf(session, await opened(), inTurn),
      complaints: () => undefined,
      close: async () => {
        await session('DELETE', '').catch(() => undefined);
        stop();
      },
    };
  } catch (error) {
    stop();
    throw error;
  }
};
