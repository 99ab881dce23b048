import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** The two ends of the cable, in the range of link-local addresses (RFC 3927). Another test run has others. */
const NETWORK = `169.254.${1 + (process.pid % 254)}`;
export const HOST_ADDRESS = `${NETWORK}.1`;
const INNER_ADDRESS = `${NETWORK}.2`;
const NAME = `keeper-${process.pid}`;
const [HOST_END, INNER_END] = [`kh${process.pid}`, `ki${process.pid}`];

const ip = (...args: readonly string[]): void => void execFileSync('ip', args, { stdio: 'pipe' });

/** Whether this process may make a network of its own: Linux, `ip` and root. It removes the one that it made. */
export const mayIsolate = (): boolean => {
  const added = spawnSync('ip', ['link', 'add', HOST_END, 'type', 'veth', 'peer', 'name', INNER_END]);
  if (added.status !== 0) return false;
  ip('link', 'delete', HOST_END);
  const named = spawnSync('ip', ['netns', 'add', NAME]);
  if (named.status === 0) ip('netns', 'delete', NAME);
  return named.status === 0;
};

/** A network namespace (https://man7.org/linux/man-pages/man7/network_namespaces.7.html) with one cable to this machine. */
export type Namespace = {
  spawn(command: string, args: readonly string[]): ChildProcess;
  /** The status of a GET from inside. */
  statusOf(url: string, headers?: Record<string, string>): Promise<number>;
  cut(): void;
  join(): void;
  remove(): void;
};

export const createNamespace = (): Namespace => {
  ip('netns', 'add', NAME);
  ip('link', 'add', HOST_END, 'type', 'veth', 'peer', 'name', INNER_END);
  ip('link', 'set', INNER_END, 'netns', NAME);
  ip('address', 'add', `${HOST_ADDRESS}/30`, 'dev', HOST_END);
  ip('link', 'set', HOST_END, 'up');
  for (const args of [
    ['address', 'add', `${INNER_ADDRESS}/30`, 'dev', INNER_END],
    ['link', 'set', INNER_END, 'up'],
    ['link', 'set', 'lo', 'up'],
  ])
    ip('-n', NAME, ...args);
  const inside = (command: string, args: readonly string[]): ChildProcess =>
    spawn('ip', ['netns', 'exec', NAME, command, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  return {
    spawn: inside,
    statusOf: async (url, headers = {}) => {
      const script = `fetch(${JSON.stringify(url)}, { headers: ${JSON.stringify(headers)} }).then(({ status }) => console.log(status))`;
      const child = inside(process.execPath, ['-e', script]);
      let output = '';
      let errors = '';
      child.stdout?.on('data', (chunk) => (output += String(chunk)));
      child.stderr?.on('data', (chunk) => (errors += String(chunk)));
      await once(child, 'close');
      if (output === '') throw new Error(errors);
      return Number(output);
    },
    cut: () => ip('link', 'set', HOST_END, 'down'),
    join: () => ip('link', 'set', HOST_END, 'up'),
    remove: () => {
      ip('link', 'delete', HOST_END);
      ip('netns', 'delete', NAME);
    },
  };
};
