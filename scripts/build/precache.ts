import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { sha256, type PrecacheEntry } from './script-entry.ts';

/** An output file of the build, with the bytes that the server sends. */
export type BuiltFile = { fileName: string; data: string | Uint8Array };

/** The app shell leaves out pictures for install dialogs, which need no offline use. */
const LARGEST_PUBLIC_FILE_BYTES = 64 * 1024;
const FOR_INSTALLATION = 'screenshots/';

const REVISION_LENGTH = 16;

/** Files of the public folder that belong to the app shell, by their path below it. */
export const publicFiles = async (folder: string): Promise<BuiltFile[]> => {
  const names = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const read = await Promise.all(
    files.map(async (path) => ({
      fileName: relative(folder, path).split(sep).join('/'),
      data: await readFile(path),
    })),
  );
  return read.filter(
    ({ fileName, data }) => data.byteLength <= LARGEST_PUBLIC_FILE_BYTES && !fileName.startsWith(FOR_INSTALLATION),
  );
};

/**
 * The manifest of the app shell. It is sorted by URL, so that equal builds give equal workers. A file name that contains
 * a hash needs no revision. The shell has no source maps.
 */
export const precacheManifest = (files: readonly BuiltFile[], base: string, assetsDir: string): PrecacheEntry[] =>
  files
    .filter((file) => !file.fileName.endsWith('.map'))
    .map(({ fileName, data }) => ({
      url: base + fileName,
      revision: fileName.startsWith(`${assetsDir}/`) ? null : sha256(data, 'hex').slice(0, REVISION_LENGTH),
      integrity: `sha256-${sha256(data, 'base64')}`,
    }))
    .toSorted((a, b) => (a.url < b.url ? -1 : 1));
