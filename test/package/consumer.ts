import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const run = promisify(execFile);

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SITES = join(ROOT, 'examples', 'sites');
const INSTALL_LIMIT_MS = 300_000;

/** A site of `examples/sites` in a folder of its own, outside this repository, with the package from its tarball. */
export type Consumer = {
  readonly dir: string;
  /** Runs a command of the project. Rejects with its output when it fails. */
  run(command: string, ...args: string[]): Promise<string>;
  /** Starts a server of the project. Resolves with the first URL that it prints, and how to stop it. */
  serve(env: Record<string, string>, ...args: string[]): Promise<{ origin: string; stop(): Promise<void> }>;
  remove(): Promise<void>;
};

/** The tarball of `npm run pack`. */
export const tarball = async (): Promise<string> => {
  const found = (await readdir(ROOT)).filter((name) => /^session-keeper-.*\.tgz$/.test(name));
  const [name] = found;
  if (name === undefined || found.length > 1)
    throw new Error(`Run "npm run pack" first: there are ${found.length} tarballs.`);
  return join(ROOT, name);
};

const isSource = (path: string): boolean => !/\/(?:node_modules|dist)(?:\/|$)/.test(path.slice(SITES.length));

/** A framework may print lines of its own first. */
const firstUrl = async (lines: AsyncIterable<string>): Promise<URL> => {
  for await (const line of lines) if (/^https?:/.test(line) && URL.canParse(line)) return new URL(line);
  throw new Error('The server ended without a URL.');
};

/** Copies the site and installs its packages, as a person does. */
export const installConsumer = async (name: string): Promise<Consumer> => {
  const dir = await mkdtemp(join(tmpdir(), `keeper-${name}-`));
  const consumer: Consumer = {
    dir,
    async run(command, ...args) {
      try {
        const { stdout, stderr } = await run(command, args, { cwd: dir, timeout: INSTALL_LIMIT_MS });
        return stdout + stderr;
      } catch (error) {
        const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
        throw new Error(`${command} ${args.join(' ')} in ${name}:\n${stdout}${stderr}`, { cause: error });
      }
    },
    async serve(env, ...args) {
      const child = spawn(process.execPath, args, {
        cwd: dir,
        env: { ...process.env, ...env },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const url = await firstUrl(createInterface({ input: child.stdout }));
      const stop = async (): Promise<void> => {
        const ended = once(child, 'exit');
        if (child.kill()) await ended;
      };
      return { origin: url.origin, stop };
    },
    remove: () => rm(dir, { recursive: true, force: true }),
  };
  await cp(join(SITES, name), dir, { recursive: true, filter: isSource });
  await consumer.run('npm', 'install', '--no-audit', '--no-fund', await tarball());
  return consumer;
};
