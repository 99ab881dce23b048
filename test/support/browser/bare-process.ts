import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { WebSocket } from 'ws';
import { reportCrash } from './crashes.ts';
import { isObject, own, parseJson, type JsonObject } from '../../../src/protocol/schema/json.ts';

/** A browser process with a new profile. */
export type BareProcess = {
  /** The debugger address that the browser printed. */
  readonly address: string;
  readonly pid: number;
  close(): Promise<void>;
};

/** The account of the process. By default that of the test. */
export type Account = { uid: number; gid: number };

/** The account without rights on every Linux. */
const UNPRIVILEGED: Account = { uid: 65_534, gid: 65_534 };

/** As users run it: the browser of root gets other process priorities. Only root can change the account. */
export const ordinaryAccount = (): Account | undefined => (process.getuid?.() === 0 ? UNPRIVILEGED : undefined);

/** `listening` matches the address in a line of its standard error. */
export const startBareProcess = async (
  path: string,
  argsFor: (profile: string) => readonly string[],
  listening: RegExp,
  account?: Account,
): Promise<BareProcess> => {
  const profile = await mkdtemp(join(tmpdir(), 'keeper-profile-'));
  if (account) await chown(profile, account.uid, account.gid);
  const as = account && { ...account, env: { ...process.env, HOME: profile } };
  const browser = spawn(path, argsFor(profile), { stdio: ['ignore', 'ignore', 'pipe'], ...as });
  const end = once(browser, 'exit');
  const crashed = (code: number | null, signal: string | null): void =>
    reportCrash(`The browser process ended by itself (${signal ?? `exit ${code}`})`);
  browser.once('exit', crashed);
  const address = await new Promise<string>((resolve, reject) => {
    void end.then(() => reject(new Error('The browser ended before it listened.')));
    createInterface({ input: browser.stderr }).on('line', (line) => {
      const [, found] = listening.exec(line) ?? [];
      if (found !== undefined) resolve(found);
    });
  });
  return {
    address,
    pid: browser.pid ?? 0,
    close: async () => {
      browser.off('exit', crashed);
      browser.kill();
      await end;
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
};

/** Sends commands to a browser. The DevTools protocol and WebDriver BiDi number commands and answers alike. */
export type Debugger = {
  command(method: string, params?: object): Promise<JsonObject>;
  /** Calls the listener with the `params` of each event of this name. Returns a function that ends it. */
  on(method: string, listener: (params: unknown) => void): () => void;
  close(): void;
};

export const attach = async (url: string): Promise<Debugger> => {
  const socket = new WebSocket(url);
  const waiting = new Map<unknown, (answer: JsonObject) => void>();
  const listeners = new Set<{ method: string; listener: (params: unknown) => void }>();
  let last = 0;
  socket.on('message', (data: Buffer) => {
    const answer = parseJson(data.toString());
    if (!isObject(answer)) return;
    for (const { method, listener } of listeners) if (own(answer, 'method') === method) listener(own(answer, 'params'));
    waiting.get(own(answer, 'id'))?.(answer);
    waiting.delete(own(answer, 'id'));
  });
  await once(socket, 'open');
  return {
    command: (method, params = {}) => {
      last += 1;
      const id = last;
      socket.send(JSON.stringify({ id, method, params }));
      return new Promise((resolve) => waiting.set(id, resolve));
    },
    on: (method, listener) => {
      const entry = { method, listener };
      listeners.add(entry);
      return () => void listeners.delete(entry);
    },
    close: () => socket.close(),
  };
};
