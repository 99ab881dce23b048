import { spawn, type ChildProcess } from 'node:child_process';
import { delimiter, join } from 'node:path';

export type RunOptions = {
  env?: Record<string, string> | undefined;
  /** Where the child's standard output goes; `pipe` leaves it to the caller. */
  stdout?: 'inherit' | 'stderr' | 'pipe' | undefined;
  stderr?: 'inherit' | 'pipe' | undefined;
};

const STDERR = 2;
const BIN = join(process.cwd(), 'node_modules', '.bin');

/** Starts a command of this project (its `node_modules/.bin` comes first) in this process's group. */
export const start = (command: string, args: readonly string[], options: RunOptions = {}): ChildProcess => {
  const out = options.stdout ?? 'inherit';
  return spawn(command, args, {
    stdio: ['ignore', out === 'stderr' ? STDERR : out, options.stderr ?? 'inherit'],
    env: { ...process.env, PATH: `${BIN}${delimiter}${process.env['PATH'] ?? ''}`, ...options.env },
    // On Windows, `.bin` has `.cmd` files, which need a shell.
    shell: process.platform === 'win32',
  });
};

/** Resolves with the exit code, or -1 if it did not start, ended by a signal, or took longer than `limitMs`. */
export const ended = (child: ChildProcess, limitMs?: number): Promise<number> =>
  new Promise((resolve) => {
    const limit = limitMs === undefined ? undefined : setTimeout(() => child.kill('SIGTERM'), limitMs);
    child.once('error', (error) => {
      clearTimeout(limit);
      console.error(error.message);
      resolve(-1);
    });
    child.once('exit', (code) => {
      clearTimeout(limit);
      resolve(code ?? -1);
    });
  });
