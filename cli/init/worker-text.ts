import { CONFIG_GLOBAL, type KeeperConfig } from '../../src/protocol/config.ts';

/* The texts of the scripts that `session-keeper init` writes. */

/** Marks the scripts that belong to the command and that it may replace. */
export const MADE_BY = '// Written by "npx session-keeper init" from the configuration. Run it again after a change.';

/** The doctor finds this line, and a test holds both to it. */
const configLine = (config: KeeperConfig, takeOver: boolean): string =>
  `self.${CONFIG_GLOBAL} = ${JSON.stringify({ config, ...(takeOver ? { takeOver } : {}) })};`;

/** The site's whole worker: it takes over by itself. `keeper-sw.js` lies beside it. */
export const wholeWorker = (config: KeeperConfig): string =>
  `${configLine(config, true)}\n${MADE_BY}\nimportScripts('./keeper-sw.js');\n`;

/** For `importScripts` in the site's own worker, which decides about `skipWaiting()` and `clients.claim()`. */
export const importedWorker = (config: KeeperConfig): string =>
  `${configLine(config, false)}\n${MADE_BY}\nimportScripts('./keeper-sw.js');\n`;

export const IMPORTED_FILE = 'session-keeper-worker.js';
const IMPORT_LINE = `importScripts('./${IMPORTED_FILE}'); // Session Keeper: it must stay the first line\n`;

/** The worker with the keeper as its first line. Listeners of the keeper must be the first. */
export const withImport = (worker: string): string =>
  worker.includes(IMPORTED_FILE) ? worker : `${IMPORT_LINE}${worker}`;

export const withoutImport = (worker: string): string =>
  worker
    .split('\n')
    .filter((line) => !line.includes(IMPORTED_FILE))
    .join('\n');

/** The names of all databases of the keeper start with this (`DATABASE_NAME` of src/host/storage/connection.ts). */
const DATABASE_PREFIX = 'session-keeper';

/**
 * Takes the place of a removed worker. A browser keeps a worker whose script is gone, so this one replaces it, deletes the
 * keeper's data and unregisters itself.
 */
export const SELF_DESTROYING_WORKER = `// Written by "npx session-keeper remove". Keep it until all visitors have come back once, then delete it.
self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => {
  const leave = async () => {
    for (const { name = '' } of await indexedDB.databases())
      if (name.startsWith('${DATABASE_PREFIX}')) indexedDB.deleteDatabase(name);
    await self.registration.unregister();
    for (const client of await self.clients.matchAll({ type: 'window' })) await client.navigate(client.url).catch(() => {});
  };
  event.waitUntil(leave());
});
`;
