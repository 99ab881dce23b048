import { readFile, stat } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { SUFFIX, type Coding } from './compression.ts';

const isMissing = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  ['ENOENT', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG'].includes(String(error.code));

/** The bytes of a file, or of its compressed copy. */
export type FileBody = { bytes: Buffer; coding?: Coding };

/** Modification time of a file (ms since the Unix epoch); `undefined` if it does not exist. */
const modifiedAt = async (file: string): Promise<number | undefined> => {
  try {
    const found = await stat(file);
    return found.isFile() ? found.mtimeMs : undefined;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
};

/** Names that start with a dot are no part of a site (RFC 8615 has the exception). The build keeps the server there. */
const isHidden = (path: string): boolean =>
  path.split(/[\\/]/).some((name) => name.startsWith('.') && name !== '.well-known');

/** Absolute path of a file in the folder; `undefined` if the path leads out of the folder. */
const resolveInside = (dir: string, path: string): string | undefined => {
  const root = resolve(dir);
  const file = join(root, path);
  return path.includes('\0') || !file.startsWith(root + sep) || isHidden(path) ? undefined : file;
};

/**
 * Reads a file inside the folder, compressed with the first of the codings for which the build left a copy. Ignores a
 * copy that is older than its file, because the file changed after the build.
 */
export const readInside = async (
  dir: string,
  path: string,
  codings: readonly Coding[] = [],
): Promise<FileBody | undefined> => {
  const file = resolveInside(dir, path);
  const modified = file === undefined ? undefined : await modifiedAt(file);
  if (file === undefined || modified === undefined) return undefined;
  for (const coding of codings) {
    const encoded = file + SUFFIX[coding];
    if (((await modifiedAt(encoded)) ?? -Infinity) >= modified) return { bytes: await readFile(encoded), coding };
  }
  return { bytes: await readFile(file) };
};
