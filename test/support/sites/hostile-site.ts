import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startApp, type App } from '../server/app.ts';

/** Notes what a worker script finds in its global scope, before that script can take it away. */
const TRAP = `let caught = '', kept;
Object.defineProperty(self, '__SESSION_KEEPER__', {
  configurable: true, set: (value) => (kept = value, caught += JSON.stringify(value)), get: () => kept });
self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('message', ({ data, ports: [port] }) => data === 'caught' && port.postMessage(caught));
`;

/** What somebody who may upload files to the site would leave there. */
const UPLOADS: Readonly<Record<string, string>> = {
  'trap.js': TRAP,
  'hostile-classic.js': `${TRAP}try { importScripts('/sw.js') } catch {}`,
  'hostile-module.js': "import './trap.js'; import '/sw.js';",
  /** Not hostile: a site's own worker, which imports the keeper and so has no seal. */
  'own-worker.js': "importScripts('/keeper-sw.js'); self.addEventListener('install', () => self.skipWaiting());",
  'plain.html': '<!doctype html><title>plain</title>',
};

/** The real server and the real build, and beside the build's files a few that an attacker has put there. */
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
