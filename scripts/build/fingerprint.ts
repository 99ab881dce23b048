import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Plugin } from 'vite';

/** Everything that a build depends on. */
const INPUTS = ['src', 'sw', 'server', 'cli', 'public', 'scripts/build'];
const FILES = ['index.html', 'vite.config.ts', 'tsconfig.base.json', 'package.json', 'package-lock.json'];
/** In the output folder. Hidden, so that the server does not serve it. */
const STAMP = '.inputs';

/** A hash of the names and contents of files: the times of a fresh clone say nothing. */
export const fingerprintOf = async (
  root: string,
  folders: readonly string[],
  files: readonly string[],
): Promise<string> => {
  const listed = folders.map(async (folder) => {
    const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  });
  const paths = [...(await Promise.all(listed)).flat(), ...files.map((file) => join(root, file))].toSorted();
  const contents = await Promise.all(paths.map((path) => readFile(path)));
  const hash = createHash('sha256').update(process.version);
  paths.forEach((path, at) => hash.update(`\0${path.slice(root.length)}\0`).update(contents[at] ?? ''));
  return hash.digest('hex');
};

const fingerprint = (root: string): Promise<string> => fingerprintOf(root, INPUTS, FILES);

/** Whether the build in `outDir` is one of the present inputs. */
export const isBuilt = async (root: string, outDir: string): Promise<boolean> => {
  const stamp = await readFile(join(outDir, STAMP), 'utf8').catch(() => undefined);
  return stamp !== undefined && stamp === (await fingerprint(root));
};

/** Writes the fingerprint as the last part of a build, so that a broken build has none. */
export const stampBuild = (): Plugin => {
  const config = { root: '', outDir: '' };
  let inputs = '';
  return {
    name: 'keeper-stamp',
    apply: 'build',
    configResolved: ({ root, build }) => {
      Object.assign(config, { root, outDir: resolve(root, build.outDir) });
    },
    // The inputs as they were at the start: an edit during the build belongs to the next one.
    async buildStart() {
      inputs = await fingerprint(config.root);
    },
    closeBundle: {
      order: 'post',
      sequential: true,
      handler: (error?: Error) => (error ? undefined : writeFile(join(config.outDir, STAMP), inputs)),
    },
  };
};
