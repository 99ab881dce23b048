import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withFreePortPair } from '../../../scripts/process/free-port.ts';
import { ready } from '../../../scripts/process/ready.ts';
import { ended, start } from '../../../scripts/process/run.ts';
import { TEST_SECRET } from './test-secret.ts';

export type AppOptions = {
  /** Serves `/lab/…` (the default): faults and the request log. */
  faultRoutes?: boolean;
  env?: Record<string, string>;
  /** The app's port, instead of a free one. The provider takes the next port. */
  port?: number;
};

/** The real server in its own process, with its own data. It serves the output of `vite build` in `dist`. */
export type App = {
  /** Origin of the app, without a trailing slash. */
  readonly origin: string;
  /** Origin of the embedded OpenID provider. */
  readonly provider: string;
  /** Stops it with SIGTERM, as an operator does, or with SIGKILL, like a power cut. Keeps its data. */
  shutDown(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Starts it again at the same ports, with the same data. */
  startAgain(): Promise<void>;
  /** Stops it and removes its data. */
  stop(): Promise<void>;
};

/** `npm start` in a child process. Takes another pair of ports when one was taken in between, unless the caller sets `port`. */
export const startApp = async (options: AppOptions = {}): Promise<App> =>
  options.port === undefined
    ? withFreePortPair((port) => startAppAt(port, options))
    : startAppAt(options.port, options);

const startAppAt = async (port: number, { faultRoutes = true, env = {} }: AppOptions): Promise<App> => {
  const dataDir = await mkdtemp(join(tmpdir(), 'keeper-data-'));
  let child: ChildProcess | undefined;

  const startAgain = async (): Promise<void> => {
    const args = ['--import', 'tsx', 'server/main.ts', ...(faultRoutes ? ['--lab'] : [])];
    const own = { KEEPER_SECRET: TEST_SECRET, LOG_LEVEL: 'warn' };
    const settings = { PORT: String(port), DATA_DIR: dataDir, ...own, ...env };
    child = start('node', args, { stdout: 'pipe', stderr: 'pipe', env: settings });
    await ready(child, (line, from) => from === 'errors' && console.error(line));
  };
  const shutDown = async (signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const end = ended(child);
    child.kill(signal);
    await end;
  };
  const stop = async (): Promise<void> => {
    await shutDown();
    await rm(dataDir, { recursive: true, force: true });
  };

  try {
    await startAgain();
  } catch (error) {
    await stop();
    throw error;
  }
  return { origin: `http://localhost:${port}`, provider: `http://localhost:${port + 1}`, shutDown, startAgain, stop };
};
