import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { withFreePortPair } from '../../../scripts/process/free-port.ts';
import { TEST_SECRET } from '../../support/server/test-secret.ts';
import { createCaller, type Call } from './start.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const READY = /^Session Keeper ready at (http:\S+)\/\n/;

export type Ended = { code: number | null; output: string; errors: string };
export type ServerProcess = {
  pid: number;
  url: string;
  issuer: string;
  call: Call;
  kill(signal: NodeJS.Signals): Promise<Ended>;
};

const launch = (
  env: Record<string, string>,
  flags: readonly string[],
): { child: ChildProcess; ended: Promise<Ended>; output: () => string } => {
  const child = spawn(process.execPath, ['--import', 'tsx', 'server/main.ts', ...flags], {
    cwd: ROOT,
    // Any folder with a page: these tests need no build.
    env: { PATH: process.env['PATH'] ?? '', DIST_DIR: '.', KEEPER_SECRET: TEST_SECRET, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  child.stdout?.on('data', (chunk) => (output += String(chunk)));
  child.stderr?.on('data', (chunk) => (errors += String(chunk)));
  const ended = new Promise<Ended>((done) => child.once('close', (code) => done({ code, output, errors })));
  return { child, ended, output: () => output };
};

/**
 * The server in a child process. Resolves at its ready line. Rejects with its standard error when it ends before. With the port
 * 0 it takes a pair that is free, because `issuer` is the next one.
 */
export const startProcess = (
  env: Record<string, string>,
  flags: readonly string[] = ['--lab'],
): Promise<ServerProcess> =>
  env['PORT'] === '0'
    ? withFreePortPair((port) => startAt({ ...env, PORT: String(port) }, flags))
    : startAt(env, flags);

const startAt = async (env: Record<string, string>, flags: readonly string[]): Promise<ServerProcess> => {
  const { child, ended, output } = launch(env, flags);
  const url = await new Promise<string>((done, fail) => {
    child.stdout?.on('data', () => {
      const [, found] = READY.exec(output()) ?? [];
      if (found !== undefined) done(found);
    });
    void ended.then(({ errors }) => fail(new Error(errors)));
  });
  const issuer = `http://localhost:${Number(new URL(url).port) + 1}`;
  return {
    pid: child.pid ?? 0,
    url,
    issuer,
    call: createCaller(url),
    kill: (signal) => {
      child.kill(signal);
      return ended;
    },
  };
};

/** Starts a server that should fail, and resolves with its exit code and output. */
export const startExpectingFailure = (env: Record<string, string>): Promise<Ended> => launch(env, []).ended;
