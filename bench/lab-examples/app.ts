import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import type { SignInModule } from '../../lab/site/sign-in-module.ts';
import { withFreePortPair } from '../../scripts/process/free-port.ts';
import { ended } from '../../scripts/process/run.ts';

/** A user that exists only in the temporary folder of one run. */
export const USER = { name: 'lab', password: 'lab-example' } as const;
/** A password in the form in which the apps store it (bcrypt). */
export type Hash = (password: string) => string;

/** How to start an app, as Node does. Paths are absolute. */
export type AppStart = { entry: string; args: readonly string[]; cwd: string; env?: Record<string, string> };

/** A public app of the npm registry, and how the lab signs in to it. */
export type ExampleApp = {
  readonly name: string;
  readonly version: string;
  /** Replaces dependencies that the registry does not have under the name that the app gives. */
  readonly overrides?: Readonly<Record<string, string>>;
  /** A path that answers as soon as the app is ready. */
  readonly ready: string;
  /** Writes the files of the app into `folder`. `packages`: where npm put it. */
  prepare(options: { folder: string; packages: string; port: number; hash: Hash }): Promise<AppStart>;
  /** How long a session of the app lasts at most (ms). Its server's clock is set ahead by more than that to end one. */
  readonly sessionMs?: number;
  /** Removes the user, for an app whose sessions have no end of their own. `addUser` sets that right. */
  removeUser?(folder: string): Promise<void>;
  addUser?(folder: string, hash: Hash): Promise<void>;
  readonly site: SignInModule;
};

export type RunningApp = { readonly url: string; readonly site: SignInModule; stop(): Promise<void> };

const READY_WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 200;
const STOPS_WITHIN_MS = 5_000;

/** The current releases of the apps need Node 22. An older Node than that runs them with this one, which npm installs. */
const RUNTIME = { major: 22, name: `node-${process.platform}-${process.arch}`, version: '22.23.3' } as const;
const isTooOld = Number.parseInt(process.versions.node, 10) < RUNTIME.major;

const packagesOf = (name: string): string => resolve('.cache/lab-examples', name, 'node_modules');

/** Installs the pinned version into `.cache/lab-examples`, where that is not done yet. No script of a package runs. */
export const install = async ({ name, version, overrides = {} }: ExampleApp): Promise<void> => {
  const folder = resolve('.cache/lab-examples', name);
  const runtime = isTooOld ? { [RUNTIME.name]: RUNTIME.version } : {};
  const dependencies = { [name]: version, bcryptjs: '3.0.3', ...runtime };
  const wanted = JSON.stringify({ private: true, dependencies, overrides });
  const file = join(folder, 'package.json');
  const isThere = await readFile(join(folder, 'installed'), 'utf8').catch(() => '');
  if (isThere === wanted) return;
  await mkdir(folder, { recursive: true });
  await writeFile(file, wanted);
  const args = ['install', '--no-audit', '--no-fund', '--ignore-scripts'];
  const child = spawn('npm', args, { cwd: folder, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' });
  if ((await ended(child)) !== 0) throw new Error(`npm could not install ${name} ${version}.`);
  await writeFile(join(folder, 'installed'), wanted);
};

/**
 * Runs in the app's process before the app: its clock is ahead by the number of ms that this process sends. So the app itself
 * decides what has expired. The app ends with this process.
 */
const CLOCK = `
const RealDate = Date;
let ahead = 0;
const realNow = Date.now.bind(Date);
const now = () => realNow() + ahead;
globalThis.Date = new Proxy(RealDate, {
  construct: (target, given, newTarget) => Reflect.construct(target, given.length > 0 ? given : [now()], newTarget),
  apply: () => new RealDate(now()).toString(),
  get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
});
process.on('message', (ms) => {
  ahead = ms;
  process.send(ms);
});
process.on('disconnect', () => process.exit());
process.channel?.unref();`;

const isReady = async (url: string): Promise<boolean> => {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
};

const awaitReady = async (child: ChildProcess, url: string, errors: Promise<string>): Promise<void> => {
  const until = Date.now() + READY_WITHIN_MS;
  while (!(await isReady(url))) {
    if (child.exitCode !== null) throw new Error(`The app ended at once: ${await errors}`);
    if (Date.now() > until) throw new Error(`The app did not answer at ${url}.`);
    await new Promise((done) => setTimeout(done, LOOK_EVERY_MS));
  }
};

const end = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const limit = setTimeout(() => child.kill('SIGKILL'), STOPS_WITHIN_MS);
  await exited;
  clearTimeout(limit);
};

const shiftClock = async (child: ChildProcess, ms: number): Promise<void> => {
  const arrived = once(child, 'message');
  child.send(ms);
  await arrived;
};

/** Starts an app in a temporary folder, on a free port of loopback. */
export const startApp = async (app: ExampleApp): Promise<RunningApp> => {
  const packages = packagesOf(app.name);
  const { hashSync } = createRequire(join(packages, 'x'))('bcryptjs') as {
    hashSync(password: string, rounds: number): string;
  };
  return withFreePortPair(async (port) => {
    const folder = await mkdtemp(join(tmpdir(), 'keeper-lab-example-'));
    const hash: Hash = (password) => hashSync(password, 4);
    const { entry, args, cwd, env } = await app.prepare({ folder, packages, port, hash });
    const clock = `data:text/javascript,${encodeURIComponent(CLOCK)}`;
    const node = isTooOld ? join(packages, RUNTIME.name, 'bin/node') : process.execPath;
    const child = spawn(node, ['--import', clock, entry, ...args], {
      ...{ cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] },
    });
    const stop = async (): Promise<void> => {
      await end(child);
      await rm(folder, { recursive: true, force: true });
    };
    const url = `http://localhost:${port}/`;
    try {
      await awaitReady(child, new URL(app.ready, url).href, child.stderr ? text(child.stderr) : Promise.resolve(''));
    } catch (error) {
      await stop();
      throw error;
    }
    const reset = async (): Promise<void> => {
      await shiftClock(child, 0);
      await app.addUser?.(folder, hash);
    };
    const { sessionMs } = app;
    const revoke = sessionMs === undefined ? app.removeUser?.bind(app, folder) : () => shiftClock(child, 2 * sessionMs);
    const ending = revoke ? { revoke } : {};
    const hooks = { ...app.site.hooks, ...ending, shiftClock: (ms: number) => shiftClock(child, ms), reset };
    return { url, site: { ...app.site, hooks }, stop };
  });
};
