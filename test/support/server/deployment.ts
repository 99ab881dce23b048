import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as rest } from 'node:timers/promises';
import { withFreePortPair } from '../../../scripts/process/free-port.ts';
import type { Account } from '../../../server/auth/accounts.ts';
import { startServer } from '../../../server/server.ts';
import { createFaultClient, type FaultClient } from './fault-client.ts';

const PART_HASH = /-[0-9a-f]{8}\.js$/;
const BUILD = /<meta name="build" content="(\w+)"/;

/** A server on its own copy of the build, so that a test can deploy a newer worker while it runs. */
export type Deployment = {
  /** Origin of the app, without a trailing slash. */
  readonly origin: string;
  /** Origin of the embedded OpenID provider. */
  readonly provider: string;
  readonly faults: FaultClient;
  /** Serves a worker of another build from now on, and returns its name. `edit` changes the script. */
  deploy(edit?: (script: string) => string): Promise<string>;
  /** Ends the server, and starts it again on the same ports and data after this time. */
  restart(downMs: number): Promise<void>;
  /** Serves no worker any more. */
  withdraw(): Promise<void>;
  /** Serves the parts of workers no longer, as after a deployment that removed the files of the former build. */
  withdrawParts(): Promise<void>;
  /**
   * Changes one part of `sw.js` and what the worker says of it, and nothing else. `tamper` changes the bytes once more,
   * and the worker does not know of it.
   */
  deployPart(name: string, edit: (part: string) => string, tamper?: (part: string) => string): Promise<void>;
  /** Copies the files of another build over these. `without worker` keeps the old worker, for a page that is newer. */
  replace(from: string, worker?: 'with worker' | 'without worker'): Promise<void>;
  stop(): Promise<void>;
};

/**
 * `pages`: documents beside the app, by their paths. The app's worker leaves them to the server. `workers`: scripts of
 * other workers, by their paths. A deployment changes them too.
 */
export type DeploymentOptions = {
  accounts?: readonly Account[] | undefined;
  pages?: Readonly<Record<string, string>> | undefined;
  workers?: Readonly<Record<string, string>> | undefined;
  severalSessions?: boolean | undefined;
};

/** Replaces a file at once, as a deployment does: a browser that checks in between gets the whole former one. */
const replaceFile = async (file: string, text: string): Promise<void> => {
  await writeFile(`${file}.next`, text);
  await rename(`${file}.next`, file);
};

export const startDeployment = async ({
  accounts,
  pages = {},
  workers = {},
  severalSessions,
}: DeploymentOptions = {}): Promise<Deployment> => {
  const dir = await mkdtemp(join(tmpdir(), 'keeper-deployment-'));
  const distDir = join(dir, 'dist');
  await cp('dist', distDir, { recursive: true });
  const writeAll = async (files: Readonly<Record<string, string>>, ending = ''): Promise<void> => {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(distDir, path)), { recursive: true });
      await replaceFile(join(distDir, path), text + ending);
    }
  };
  await writeAll({ ...pages, ...workers });
  const serverPaths = Object.keys(pages);
  const [script, page] = await Promise.all(
    ['sw.js', 'index.html'].map((file) => readFile(join(distDir, file), 'utf8')),
  );
  const build = BUILD.exec(page ?? '')?.[1];
  if (script === undefined || build === undefined)
    throw new Error('There is no build in dist. Run `npx vite build` first.');
  const startAt = (port: number): ReturnType<typeof startServer> =>
    startServer({
      port,
      dataDir: join(dir, 'data'),
      distDir,
      faultRoutes: true,
      accounts,
      serverPaths,
      severalSessions,
      workers: Object.keys(workers),
    });
  let running = await withFreePortPair(startAt);
  let deployed = 0;
  const assets = join(distDir, 'assets');
  const partsOf = async (name: string): Promise<string[]> =>
    (await readdir(assets)).filter((file) => file.startsWith(`keeper-part-${name}`));
  return {
    origin: running.url,
    provider: running.issuer,
    faults: createFaultClient(running.url),
    async deploy(edit = (text) => text) {
      deployed += 1;
      const next = `${build}${deployed}`;
      await replaceFile(join(distDir, 'sw.js'), edit(script.replaceAll(build, next)));
      await writeAll(workers, `\n// ${next}\n`);
      return next;
    },
    async restart(downMs) {
      await running.stop();
      await rest(downMs);
      running = await startAt(Number(new URL(running.url).port));
    },
    withdraw: () => rm(join(distDir, 'sw.js')),
    async withdrawParts() {
      for (const file of await partsOf('')) await rm(join(assets, file));
    },
    async deployPart(name, edit, tamper = (text) => text) {
      const file = (await partsOf(`sw-${name}-`)).find((each) => each.endsWith('.js'));
      if (file === undefined) throw new Error(`sw.js has no part ${name}.`);
      const text = edit(await readFile(join(assets, file), 'utf8'));
      const next = file.replace(PART_HASH, '-00000000.js');
      const pin = new RegExp(`/assets/${file}","integrity":"[^"]+"`);
      const integrity = `sha256-${createHash('sha256').update(text).digest('base64')}`;
      await writeFile(join(assets, next), tamper(text));
      await replaceFile(join(distDir, 'sw.js'), script.replace(pin, `/assets/${next}","integrity":"${integrity}"`));
    },
    replace: (from, worker = 'with worker') =>
      cp(from, distDir, {
        recursive: true,
        filter: (file) => worker === 'with worker' || !file.endsWith('sw.js'),
      }),
    async stop() {
      await running.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
};
