import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { WebSocket } from 'ws';
import { isObject, own, parseJson, stringAt } from '../../src/protocol/json.ts';
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

type Send = (method: string, params?: object) => Promise<unknown>;

const attach = async (url: string): Promise<{ send: Send; close(): void }> => {
  const socket = new WebSocket(url);
  const waiting = new Map<unknown, (answer: unknown) => void>();
  let last = 0;
  socket.on('message', (data: Buffer) => {
    const answer = parseJson(data.toString());
    if (!isObject(answer)) return;
    waiting.get(own(answer, 'id'))?.(answer);
    waiting.delete(own(answer, 'id'));
  });
  await once(socket, 'open');
  return {
    send: (method, params = {}) => {
      last += 1;
      const id = last;
      socket.send(JSON.stringify({ id, method, params }));
      return new Promise((resolve) => waiting.set(id, resolve));
    },
    close: () => socket.close(),
  };
};

const targetOf = (answer: unknown): string => {
  const result = isObject(answer) ? own(answer, 'result') : undefined;
  const id = isObject(result) ? stringAt(result, 'targetId') : undefined;
  if (id === undefined) throw new Error(JSON.stringify(answer));
  return id;
};

const valueOf = (answer: unknown): unknown => {
  const found = isObject(answer) ? own(answer, 'result') : undefined;
  if (!isObject(found) || own(found, 'exceptionDetails') !== undefined) throw new Error(JSON.stringify(answer));
  const result = own(found, 'result');
  return isObject(result) ? own(result, 'value') : undefined;
};

const tabOf = (send: Send): BareTab => {
  const evaluate = async (expression: string): Promise<unknown> =>
    valueOf(await send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true }));
  return {
    evaluate,
    goto: async (url) => {
      await send('Page.navigate', { url });
      // until then the expression is evaluated in the page that is being left
      while (
        (await evaluate(`location.href.startsWith(${JSON.stringify(url)}) && document.readyState === 'complete'`)) !==
        true
      );
    },
    killWorkers: async () => {
      await send('ServiceWorker.enable');
      await send('ServiceWorker.stopAllWorkers');
    },
    setLife: async (state) => void (await send('Page.setWebLifecycleState', { state })),
  };
};

export const startBareBrowser = async (): Promise<BareBrowser> => {
  const profile = await mkdtemp(join(tmpdir(), 'keeper-profile-'));
  const args = [
    ...browserArgs(),
    '--headless=new',
    '--remote-debugging-port=0',
    `--user-data-dir=${profile}`,
    'about:blank',
  ];
  const browser = spawn(launchOptions().executablePath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const end = once(browser, 'exit');
  const host = await new Promise<string>((resolve, reject) => {
    void end.then(() => reject(new Error('The browser ended before it listened.')));
    createInterface({ input: browser.stderr }).on('line', (line) => {
      const [, found] = LISTENING.exec(line) ?? [];
      if (found !== undefined) resolve(found);
    });
  });
  const { send, close } = await attach(pageOf(await get(`http://${host}/json/list`)));
  const closes = [close];
  const openBlank = (): Promise<unknown> => get(`http://${host}/json/new?about:blank`, 'PUT');
  return {
    ...tabOf(send),
    open: async () => {
      const attached = await attach(pageOf(await openBlank()));
      closes.push(attached.close);
      return tabOf(attached.send);
    },
    openWindow: async () => {
      const root = await attach(await rootOf(host));
      const created = await root.send('Target.createTarget', { url: 'about:blank', newWindow: true });
      root.close();
      const attached = await attach(`ws://${host}/devtools/page/${targetOf(created)}`);
      closes.push(attached.close);
      return tabOf(attached.send);
    },
    host,
    pid: browser.pid ?? 0,
    hide: async () => void (await openBlank()),
    close: async () => {
      for (const detach of closes) detach();
      browser.kill();
      await end;
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
};
