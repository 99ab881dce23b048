import { readFile } from 'node:fs/promises';
import { posix } from 'node:path';
import { gzipSync } from 'node:zlib';
import { parseSync } from 'rolldown/utils';
import { PART } from './preload.ts';

/** Reads a built file by its path below the output folder. */
export type ReadBuilt = (path: string) => Promise<Buffer>;

export const readFrom =
  (folder: string): ReadBuilt =>
  (path) =>
    readFile(posix.join(folder, path));

/** The module at `path` and all its static imports, itself first. Lazy imports do not count. */
export const staticModules = async (
  path: string,
  read: ReadBuilt,
  seen = new Set<string>(),
): Promise<ReadonlySet<string>> => {
  if (seen.has(path)) return seen;
  seen.add(path);
  const { module } = parseSync(path, (await read(path)).toString());
  const requests = [
    ...module.staticImports.map((entry) => entry.moduleRequest.value),
    ...module.staticExports.flatMap((entry) =>
      entry.entries.flatMap((exported) => exported.moduleRequest?.value ?? []),
    ),
  ];
  for (const request of requests) {
    await staticModules(
      request.startsWith('/') ? request.slice(1) : posix.join(posix.dirname(path), request),
      read,
      seen,
    );
  }
  return seen;
};

const REFERENCE = /<(?:script|link)\b[^>]*?\b(?:src|href)="\/([^"]+\.(?:js|css))"/g;

/** An HTML file, its scripts and style sheets, and their static imports. Lazy imports do not count. */
export const pageFiles = async (html: string, read: ReadBuilt): Promise<ReadonlySet<string>> => {
  const files = new Set([html]);
  for (const [tag, path] of (await read(html)).toString().matchAll(REFERENCE)) {
    if (path === undefined || tag.includes(PART)) continue;
    if (path.endsWith('.css')) files.add(path);
    else for (const module of await staticModules(path, read)) files.add(module);
  }
  return files;
};

const PART_URL = /"url":"\/([^"]+)"/g;

/** A built worker and the parts that it evaluates late. */
export const workerFiles = async (path: string, read: ReadBuilt): Promise<readonly string[]> => {
  const [known = ''] = (await read(path)).toString().split('\n', 1);
  return [path, ...Array.from(known.matchAll(PART_URL), ([, part = '']) => part)];
};

export const SMALLEST = { level: 9 };

/** Bytes on the network, when the server compresses each file by itself. */
export const gzippedBytes = async (files: Iterable<string>, read: ReadBuilt): Promise<number> => {
  const sizes = await Promise.all([...files].map(async (file) => gzipSync(await read(file), SMALLEST).byteLength));
  return sizes.reduce((total, size) => total + size, 0);
};
