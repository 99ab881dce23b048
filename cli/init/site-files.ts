import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, posix } from 'node:path';
import type { KeeperConfig } from '../../src/protocol/config.ts';
import type { Project } from './project.ts';
import {
  IMPORTED_FILE,
  importedWorker,
  MADE_BY,
  SELF_DESTROYING_WORKER,
  wholeWorker,
  withImport,
  withoutImport,
} from './worker-text.ts';

/** The folder of the ready scripts in the installed package. */
export const readyFolder = (): string =>
  join(dirname(createRequire(import.meta.url).resolve('session-keeper/package.json')), 'ready');

const WHOLE_FILE = 'sw.js';
/** Folder of the parts, beside the worker. No file of a site is in it. */
export const PARTS = 'keeper';
export const WORKER_FILES: readonly string[] = ['keeper-sw.js', 'keeper-pulse.js'];
const PAGE_FILES = ['keeper.js', 'keeper-elements.js', 'embed.js'];
export const WORKER_PART = /^keeper-part-keeper-sw-/;
const OTHER_WORKER_PART = /^keeper-part-/;

/** `path`: from the project's root. */
export type SiteFile = { readonly path: string; readonly content: string };

const isPart = (name: string, withPage: boolean): boolean =>
  name.endsWith('.js') && (WORKER_PART.test(name) || (withPage && !OTHER_WORKER_PART.test(name)));

/** The ready scripts that this site needs. A bundler brings the page's own. */
const readyFiles = async (project: Project, ready: string): Promise<readonly SiteFile[]> => {
  const withPage = project.framework === 'static';
  const parts = (await readdir(join(ready, PARTS))).filter((name) => isPart(name, withPage));
  const names = [...WORKER_FILES, ...(withPage ? PAGE_FILES : []), ...parts.map((name) => `${PARTS}/${name}`)];
  return Promise.all(
    names.map(async (name) => ({
      path: posix.join(project.publicFolder, name),
      content: await readFile(join(ready, name), 'utf8'),
    })),
  );
};

/** Path of the script that the page registers, from the project's root. `undefined`: a build writes it. */
export const workerPath = ({ publicFolder, worker }: Project): string | undefined => {
  if (worker.type === 'generated') return undefined;
  return posix.join(publicFolder, worker.type === 'own' ? worker.file : WHOLE_FILE);
};

const workerFiles = async (project: Project, config: KeeperConfig): Promise<readonly SiteFile[]> => {
  const { root, publicFolder, worker } = project;
  if (worker.type === 'none') return [{ path: posix.join(publicFolder, WHOLE_FILE), content: wholeWorker(config) }];
  const imported = { path: posix.join(publicFolder, IMPORTED_FILE), content: importedWorker(config) };
  if (worker.type === 'generated') return [imported];
  const path = posix.join(publicFolder, worker.file);
  return [imported, { path, content: withImport(await readFile(join(root, path), 'utf8')) }];
};

/** Whether the build of a project makes the worker, so that no file of it is in the public folder. */
export const usesPlugin = async (root: string): Promise<boolean> => {
  const configs = (await readdir(root)).filter((name) => /\.config\.[cm]?[jt]s$/.test(name));
  const texts = await Promise.all(configs.map((name) => readFile(join(root, name), 'utf8')));
  return texts.some((text) => /session-keeper\/(?:vite|webpack)/.test(text));
};

/** All files of the keeper in a site, as they should be. With the plugin there are none: its build makes them. */
export const wantedFiles = async (
  project: Project,
  config: KeeperConfig,
  ready: string,
): Promise<readonly SiteFile[]> => {
  if (await usesPlugin(project.root)) return [];
  return [...(await readyFiles(project, ready)), ...(await workerFiles(project, config))];
};

const present = async (root: string, path: string): Promise<string | undefined> =>
  existsSync(join(root, path)) ? readFile(join(root, path), 'utf8') : undefined;

/** Parts of another version of the package. */
const formerParts = async (
  { root, publicFolder }: Project,
  wanted: readonly SiteFile[],
): Promise<readonly string[]> => {
  const folder = posix.join(publicFolder, PARTS);
  if (!existsSync(join(root, folder))) return [];
  const names = (await readdir(join(root, folder))).filter((name) => /^keeper-.*\.js$/.test(name));
  const kept = new Set(wanted.map(({ path }) => path));
  return names.map((name) => posix.join(folder, name)).filter((path) => !kept.has(path));
};

export type Difference = { readonly path: string; readonly what: 'missing' | 'changed' | 'left over' };

/** What differs between a site and the files that it should have. */
export const differences = async (project: Project, wanted: readonly SiteFile[]): Promise<readonly Difference[]> => {
  const found: Difference[] = [];
  for (const { path, content } of wanted) {
    const there = await present(project.root, path);
    if (there !== content) found.push({ path, what: there === undefined ? 'missing' : 'changed' });
  }
  return [...found, ...(await formerParts(project, wanted)).map((path) => ({ path, what: 'left over' as const }))];
};

/** Writes what differs. Returns the paths that it wrote and the paths that it deleted. */
export const writeFiles = async (
  project: Project,
  wanted: readonly SiteFile[],
): Promise<{ written: readonly string[]; deleted: readonly string[] }> => {
  const changed = new Map((await differences(project, wanted)).map(({ path, what }) => [path, what]));
  for (const { path, content } of wanted) {
    if (!changed.has(path)) continue;
    await mkdir(dirname(join(project.root, path)), { recursive: true });
    await writeFile(join(project.root, path), content);
  }
  const deleted = [...changed].filter(([, what]) => what === 'left over').map(([path]) => path);
  for (const path of deleted) await rm(join(project.root, path));
  return { written: [...changed.keys()].filter((path) => !deleted.includes(path)), deleted };
};

const replace = async (root: string, path: string, content: string): Promise<string> => {
  await writeFile(join(root, path), content);
  return `replaced ${path}`;
};

/** Takes the keeper out of a site. Returns what it did, a line for each file. */
export const removeFiles = async (project: Project): Promise<readonly string[]> => {
  const { root, publicFolder, worker } = project;
  const done: string[] = [];
  for (const name of [...WORKER_FILES, ...PAGE_FILES, IMPORTED_FILE, PARTS]) {
    const path = posix.join(publicFolder, name);
    if (!existsSync(join(root, path))) continue;
    await rm(join(root, path), { recursive: true });
    done.push(`deleted  ${path}`);
  }
  const whole = posix.join(publicFolder, WHOLE_FILE);
  const text = await present(root, whole);
  if (text?.includes(MADE_BY)) done.push(await replace(root, whole, SELF_DESTROYING_WORKER));
  if (text === undefined && worker.type === 'none' && (await usesPlugin(root))) {
    await mkdir(join(root, publicFolder), { recursive: true });
    done.push(await replace(root, whole, SELF_DESTROYING_WORKER));
  }
  if (worker.type !== 'own') return done;
  const own = posix.join(publicFolder, worker.file);
  const before = await readFile(join(root, own), 'utf8');
  const after = withoutImport(before);
  if (after !== before) done.push(await replace(root, own, after));
  return done;
};
