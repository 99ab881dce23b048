import { readdir, readFile } from 'node:fs/promises';
import { join, posix, resolve } from 'node:path';
import { CONFIG_FILES, findConfig, loadConfig } from '../config/load-config.ts';
import { PARTS, readyFolder, WORKER_FILES, WORKER_PART } from '../init/site-files.ts';
import { wholeWorker } from '../init/worker-text.ts';

/* What the plugins of all bundlers serve: the worker, and what lies beside it. */

/** URL path of the worker below the site's base, where an option says nothing else. */
export const DEFAULT_WORKER = 'sw.js';

const PULSE = 'keeper-pulse.js';

/** What a browser may request: a text for each path below the base. */
export type Scripts = ReadonlyMap<string, string>;

const beside = (worker: string, name: string): string => posix.join(posix.dirname(worker), name);

const readyScripts = async (worker: string, names: readonly string[]): Promise<Scripts> => {
  const ready = readyFolder();
  const texts = names.map(async (name) => [beside(worker, name), await readFile(join(ready, name), 'utf8')] as const);
  return new Map(await Promise.all(texts));
};

/** The configuration of a project, as an absolute path. Throws with the way to one where there is none. */
export const configFile = (root: string, chosen: string | undefined): string => {
  const file = findConfig(root, chosen);
  if (file !== undefined) return resolve(root, file);
  throw new Error(`session-keeper: ${chosen ?? CONFIG_FILES[0]} is missing. Run: npx session-keeper init`);
};

/** The ready worker with this configuration, and its parts. Throws a sentence for a person. */
export const readyWorker = async (root: string, config: string | undefined, worker: string): Promise<Scripts> => {
  const loaded = await loadConfig(root, configFile(root, config));
  if (loaded.type === 'failed') throw new Error(`session-keeper: ${loaded.problem}`);
  const parts = (await readdir(join(readyFolder(), PARTS))).filter((name) => WORKER_PART.test(name));
  const scripts = await readyScripts(worker, [
    ...WORKER_FILES,
    ...parts.filter((name) => name.endsWith('.js')).map((name) => `${PARTS}/${name}`),
  ]);
  return new Map([...scripts, [worker, wholeWorker(loaded.config)]]);
};

/** A worker that is bundled already, and what it needs beside it. */
export const bundledWorker = async (worker: string, code: string): Promise<Scripts> =>
  new Map([...(await readyScripts(worker, [PULSE])), [worker, code]]);

/** Whether a request for this path may be for the worker or its parts. */
export const isWorkerPath = (worker: string, path: string): boolean =>
  path === worker ||
  WORKER_FILES.some((name) => path === beside(worker, name)) ||
  path.startsWith(`${beside(worker, PARTS)}/`);
