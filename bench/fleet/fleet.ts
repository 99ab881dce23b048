import type { ChildProcess } from 'node:child_process';
import { freePortPair } from '../../scripts/process/free-port.ts';
import { ready } from '../../scripts/process/ready.ts';
import { ended, start } from '../../scripts/process/run.ts';

/** A server in a process of its own. `isUp`: what `/readyz` says to a balancer. */
export type Instance = {
  readonly url: string;
  readonly isUp: boolean;
  readonly pid: number;
  restart(): Promise<void>;
  stop(): Promise<void>;
};

/** Starts a script that prints the ready line. */
export const startInstance = async (script: string, args: readonly string[]): Promise<Instance> => {
  let child: ChildProcess;
  let isUp = true;
  const launch = async (): Promise<string> => {
    child = start('node', ['--import', 'tsx', script, ...args], { stdout: 'pipe', stderr: 'pipe' });
    return ready(child, (line) => console.error(line));
  };
  const stop = async (): Promise<void> => {
    const end = ended(child);
    child.kill('SIGTERM');
    await end;
  };
  const url = (await launch()).replace(/\/$/, '');
  return {
    url,
    get isUp() {
      return isUp;
    },
    get pid() {
      return child.pid ?? 0;
    },
    stop,
    restart: async () => {
      isUp = false;
      await stop();
      await launch();
      isUp = true;
    },
  };
};

/** `people`: how many accounts it knows. `origin`: its public one. `files`: the folder of the app. */
export type KeeperOptions = { store: string; dir: string; people: number; origin?: string; files?: string };

export const startKeeper = async ({ store, dir, people, origin, files }: KeeperOptions): Promise<Instance> => {
  const port = await freePortPair();
  const args = [String(port), store, dir, String(people), ...(origin && files ? [origin, files] : [])];
  return startInstance('bench/fleet/instance.ts', args);
};

/** The instances that are up by turns, as a balancer chooses them. */
export const byTurns = (instances: () => readonly Instance[]): (() => string) => {
  let turn = 0;
  return () => {
    const up = instances().filter(({ isUp }) => isUp);
    turn += 1;
    return up[turn % up.length]?.url ?? '';
  };
};
