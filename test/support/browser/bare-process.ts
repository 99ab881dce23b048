import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { WebSocket } from 'ws';
import { reportCrash } from './crashes.ts';
import { isObject, own, parseJson, type JsonObject } from '../../../src/protocol/json.ts';

/** A browser in a process of its own, with a profile that nobody had before. */
export type BareProcess = {
  /** Where a debugger may attach to it, as it says itself. */
  readonly address: string;
  readonly pid: number;
  close(): Promise<void>;
};

/** Whose process it is to be; by default whoever starts it. */
export type Account = { uid: number; gid: number };

/** Without any right: `nobody`, on every Linux. */
const NOBODY: Account = { uid: 65_534, gid: 65_534 };

/** As people run it: root's browser has priorities that nobody else's gets. Only root can become somebody else. */
export const ordinaryAccount = (): Account | undefined => (process.getuid?.() === 0 ? NOBODY : undefined);

/** `listening` finds the address in a line of its standard error. */
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

/** Commands to a browser, each with its answer: the DevTools protocol and WebDriver BiDi number them alike. */
export type Debugger = { ask(method: string, params?: object): Promise<JsonObject>; close(): void };

export const attach = async (url: string): Promise<Debugger> => {
  const socket = new WebSocket(url);
  const waiting = new Map<unknown, (answer: JsonObject) => void>();
  let last = 0;
  socket.on('message', (data: Buffer) => {
    const answer = parseJson(data.toString());
    if (!isObject(answer)) return;
    waiting.get(own(answer, 'id'))?.(answer);
    waiting.delete(own(answer, 'id'));
  });
  await once(socket, 'open');
  return {
    ask: (method, params = {}) => {
      last += 1;
      const id = last;
      socket.send(JSON.stringify({ id, method, params }));
      return new Promise((resolve) => waiting.set(id, resolve));
    },
    close: () => socket.close(),
  };
};
