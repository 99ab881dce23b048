/**
 * `npm start`: builds where something changed, then serves with the fault routes. It checks first what would stop the server
 * after the build: the version of Node, the settings, the ports and the data folder.
 */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DataDirError } from '../server/data-folder/data-dir-error.ts';
import { takeLease } from '../server/data-folder/lease.ts';
import { optionsFrom, SettingError } from '../server/environment.ts';
import { DEFAULT_PORT } from '../server/http/http-server.ts';
import type { ServerOptions } from '../server/server-options.ts';
import { isBuilt } from './build/fingerprint.ts';
import { isFree } from './process/free-port.ts';
import { ended, start } from './process/run.ts';

const ROOT = process.cwd();
const DIST = join(ROOT, 'dist');
const BUILD_LIMIT_MS = 10 * 60_000;

const fail = (message: string): never => {
  console.error(message);
  process.exit(1);
};

const requireNode = (): void => {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19))
    fail(`Session Keeper needs Node 20.19 or later. This is ${process.versions.node}.`);
};

const readOptions = (): ServerOptions => {
  try {
    return optionsFrom(process.env, process.argv.slice(2));
  } catch (error) {
    if (error instanceof SettingError) return fail(error.message);
    throw error;
  }
};

const requirePorts = async ({ port = DEFAULT_PORT, host, issuer }: ServerOptions): Promise<void> => {
  if (port === 0) return;
  for (const each of issuer === undefined ? [port, port + 1] : [port])
    if (!(await isFree(each, host)))
      fail(
        `Port ${each} is taken. The application uses PORT and its OpenID provider the next one; set PORT to another number.`,
      );
};

const requireFolder = async ({ dataDir }: ServerOptions): Promise<void> => {
  const dir = resolve(dataDir);
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    (await takeLease(dir)).release();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    fail(
      error instanceof DataDirError
        ? reason
        : `${dir} cannot be written: ${reason}. Correct its rights, or set DATA_DIR to another folder.`,
    );
  }
};

requireNode();
const options = readOptions();
await requirePorts(options);
await requireFolder(options);
if (options.distDir === undefined && !(await isBuilt(ROOT, DIST))) {
  console.error('Building, because something changed since the last build.');
  const code = await ended(start('vite', ['build', '--logLevel', 'warn'], { stdout: 'stderr' }), BUILD_LIMIT_MS);
  if (code !== 0) fail('The build failed: see above.');
}
await import(pathToFileURL(join(DIST, '.server/server/main.js')).href);
