import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startApp, type App } from '../server/app.ts';

/** Captures the secret in the worker's global scope before the worker script can remove it. */
const TRAP = `let caught = '', kept;
Object.defineProperty(self, '__SESSION_KEEPER__', {
  configurable: true, set: (value) => (kept = value, caught += JSON.stringify(value)), get: () => kept });
self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('message', ({ data, ports: [port] }) => data === 'caught' && port.postMessage(caught));
`;

/** The files of an attacker who may upload files to the site. */
const UPLOADS: Readonly<Record<string, string>> = {
  'trap.js': TRAP,
  'hostile-classic.js': `${TRAP}try { importScripts('/sw.js') } catch {}`,
  'hostile-module.js': "import './trap.js'; import '/sw.js';",
  /** Not hostile: a site's own worker that imports the keeper and so has no seal. */
  'own-worker.js': "importScripts('/keeper-sw.js'); self.addEventListener('install', () => self.skipWaiting());",
  'plain.html': '<!doctype html><title>plain</title>',
};

/** The real server and the real build, with a few files of an attacker among those of the build. */
export const startHostileSite = async (env: Record<string, string> = {}): Promise<App> => {
  const dir = await mkdtemp(join(tmpdir(), 'keeper-hostile-'));
  await cp('dist', dir, { recursive: true });
  for (const [name, text] of Object.entries(UPLOADS)) await writeFile(join(dir, name), text);
  const app = await startApp({ env: { ...env, DIST_DIR: dir } });
  return {
    ...app,
    stop: async () => {
      await app.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
};
