import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { SYSTEM_PYTHON } from '../../../scripts/browsers/find-engines.ts';
import { isObject, numberAt, own, parseJson, stringAt } from '../../../src/protocol/schema/json.ts';
import { QUIET, startDisplay } from './display.ts';

/** What a shell does for a command of its page. A command that is missing is not registered. */
export type Commands = Readonly<Record<string, (args: unknown) => unknown>>;

/** A desktop shell as Tauri makes one on Linux: `shell.py` beside this file. */
export type DesktopShell = {
  /** Runs the body of an async function in the page. */
  evaluate(script: string): Promise<unknown>;
  /** The text of an element. */
  text(id: string): Promise<string>;
  click(id: string): Promise<void>;
  reload(): Promise<void>;
  /** The system opens a link of the app. */
  openLink(link: string): Promise<void>;
  /** Ends the app. Its data stays. */
  quit(): Promise<void>;
  /** Starts the app again on its data. */
  start(): Promise<void>;
  /** Ends the app, and removes its data. */
  remove(): Promise<void>;
};

const SCRIPT = join(import.meta.dirname, 'shell.py');

type Running = { send(message: object): void; evaluate(script: string): Promise<unknown>; quit(): Promise<void> };

const run = async (files: string, data: string, display: string, commands: Commands): Promise<Running> => {
  const env = { ...process.env, ...QUIET, DISPLAY: display };
  const child = spawn(SYSTEM_PYTHON, [SCRIPT, files, data], { env, stdio: ['pipe', 'pipe', 'inherit'] });
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let scripts = 0;
  const send = (message: object): void => void child.stdin.write(`${JSON.stringify(message)}\n`);

  const answer = async (call: number, command: string, args: unknown): Promise<void> => {
    const perform = commands[command];
    if (!perform) return send({ reply: call, error: `Command ${command} not found` });
    send({ reply: call, value: (await perform(args)) ?? null });
  };

  const ready = new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`The shell ended with ${code}.`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const message = parseJson(line);
      if (!isObject(message)) return;
      if (own(message, 'ready') === true) return resolve();
      const [call, command, id] = [numberAt(message, 'call'), stringAt(message, 'command'), numberAt(message, 'id')];
      if (call !== undefined && command !== undefined) void answer(call, command, own(message, 'args'));
      if (id === undefined) return;
      const error = stringAt(message, 'error');
      if (error === undefined) waiting.get(id)?.resolve(own(message, 'value'));
      else waiting.get(id)?.reject(new Error(error));
      waiting.delete(id);
    });
  });
  await ready;
  return {
    send,
    evaluate: (script) =>
      new Promise((resolve, reject) => {
        scripts += 1;
        waiting.set(scripts, { resolve, reject });
        send({ id: scripts, script });
      }),
    quit: async () => {
      if (child.exitCode !== null) return;
      const end = once(child, 'exit');
      child.stdin.end();
      await end;
    },
  };
};

export const startDesktopShell = async (files: string, commands: Commands): Promise<DesktopShell> => {
  const data = await mkdtemp(join(tmpdir(), 'keeper-shell-'));
  const screen = await startDisplay();
  const launch = (): Promise<Running> => run(files, data, screen.display, commands);
  let running = await launch();
  const evaluate = (script: string): Promise<unknown> => running.evaluate(script);
  return {
    evaluate,
    text: async (id) => String(await evaluate(`return document.getElementById('${id}').textContent`)),
    click: async (id) => void (await evaluate(`document.getElementById('${id}').click()`)),
    reload: async () => void (await evaluate('location.reload()')),
    openLink: async (link) => running.send({ emit: 'deep-link://new-url', payload: [link] }),
    quit: () => running.quit(),
    start: async () => {
      running = await launch();
    },
    remove: async () => {
      await running.quit();
      screen.child.kill();
      await rm(data, { recursive: true, force: true });
    },
  };
};
