import { readFile, stat } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { SUFFIX, type Coding } from './compression.ts';

const isMissing = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  ['ENOENT', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG'].includes(String(error.code));

/** The bytes of a file, or the same in a coding that its build left beside it. */
export type Body = { bytes: Buffer; coding?: Coding };

/** When it was written (ms since 1970); `undefined` if there is no such file. */
const writtenAt = async (file: string): Promise<number | undefined> => {
  try {
    const found = await stat(file);
    return found.isFile() ? found.mtimeMs : undefined;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
};

/** Where the path leads inside the folder; `undefined` if it leads out of it. */
const inside = (dir: string, path: string): string | undefined => {
  const root = resolve(dir);
  const file = join(root, path);
  return path.includes('\0') || !file.startsWith(root + sep) ? undefined : file;
};

/**
 * The file's bytes in the first of the codings that the build left it in, if it lies inside the folder and is there.
 * What is older than its file was made of another one: somebody has changed that after the build.
 */
export const readInside = async (
  dir: string,
  path: string,
  codings: readonly Coding[] = [],
): Promise<Body | undefined> => {
  const file = inside(dir, path);
  const written = file === undefined ? undefined : await writtenAt(file);
  if (file === undefined || written === undefined) return undefined;
  for (const coding of codings) {
    const encoded = file + SUFFIX[coding];
    if (((await writtenAt(encoded)) ?? -Infinity) >= written) return { bytes: await readFile(encoded), coding };
  }
  return { bytes: await readFile(file) };
};
