import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { InputOptions } from 'rolldown';

/** `test`: the path of a source. */
export type FileGroup = { name: string; test: RegExp };

/**
 * What a page loads when it connects: the script itself, one file with all that it needs from then on, and one with the requests.
 * Without the groups they are twenty files.
 */
export const PAGE_GROUPS: readonly FileGroup[] = [
  { name: 'entry', test: /src[\\/]page[\\/]index\.ts$/ },
  { name: 'start', test: /src[\\/]page[\\/](page-part|realtime[\\/]realtime)\.ts$/ },
  { name: 'requests', test: /src[\\/]page[\\/]requests[\\/]/ },
];

/** A script with a stable URL. Its bundle is separate from the page's, so that they share no chunk. */
export type ScriptEntry = {
  /** Name in the output folder, and below the base URL. */
  file: string;
  /** Path from the project's root. The plugin skips an entry whose source does not exist. */
  source: string;
  /**
   * `worker` is for classic workers and for `importScripts`: each `import()` becomes a script that the worker evaluates
   * when it needs it. `es` is for pages.
   */
  format: 'worker' | 'es';
  /** Path of the `tsconfig.json` from the project's root. */
  tsconfig: string;
  /** Whether `__PRECACHE__` holds the app shell (else it is empty). */
  precache: boolean;
  /** Folder of its other files, below the output folder. Default: `assets`. */
  folder?: string;
  /**
   * Modules that stay one file with what they import, although other parts share some of them. Small files weigh more, and each is
   * one more request in each tab. An earlier group takes a module before a later one.
   */
  groups?: readonly FileGroup[];
  /** Whether the server puts a first line with the deployment's configuration before the script. */
  baked: boolean;
};

export type PrecacheEntry = { url: string; revision: string | null; integrity: string };

/** Values of `__BUILD__` and `__PRECACHE__`. `base`: the URL path below which the files are; `./` is beside the worker. */
export type Defines = { build: string; precache: readonly PrecacheEntry[]; base: string };

/** Output files, the entry first. `modules`: absolute paths of the bundled sources. */
export type ScriptBundle = {
  files: { fileName: string; source: string | Uint8Array }[];
  code: string;
  modules: ReadonlySet<string>;
};

const TARGET = 'es2022';
const DEFAULT_FOLDER = 'assets';

export const filesFolder = ({ folder = DEFAULT_FOLDER }: ScriptEntry): string => folder;

export const sha256 = (data: string | Uint8Array, encoding: 'hex' | 'base64'): string =>
  createHash('sha256').update(data).digest(encoding);

export const sourceExists = (root: string, entry: ScriptEntry): boolean => existsSync(resolve(root, entry.source));

export const inputOptions = (
  root: string,
  entry: ScriptEntry,
  mode: 'development' | 'production',
  defines: Defines,
): InputOptions => ({
  input: resolve(root, entry.source),
  platform: 'browser',
  // The default moves code that the entry shares with its lazy parts to small chunks: 0.8 kB more for the page library.
  preserveEntrySignatures: 'allow-extension',
  tsconfig: resolve(root, entry.tsconfig),
  transform: {
    target: TARGET,
    define: {
      __BUILD__: JSON.stringify(defines.build),
      __PRECACHE__: JSON.stringify(entry.precache ? defines.precache : []),
      // Workbox reads it, and a browser has no `process`.
      'process.env.NODE_ENV': JSON.stringify(mode),
      'import.meta.env.DEV': String(mode === 'development'),
      'import.meta.hot': 'undefined',
    },
  },
});
