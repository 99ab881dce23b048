import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { rolldown, type OutputAsset, type OutputChunk } from 'rolldown';

/** A script with a stable URL. Its bundle is separate from the page's, so that they share no chunk. */
export type ScriptEntry = {
  /** Name in the output folder, and below the base URL. */
  file: string;
  /** Path from the project's root. The plugin skips an entry whose source does not exist. */
  source: string;
  /** `iife` works as a classic and as a module worker and in `importScripts`; `es` is for pages. */
  format: 'iife' | 'es';
  /** Path of the `tsconfig.json` from the project's root. */
  tsconfig: string;
  /** Whether `__PRECACHE__` holds the app shell (else it is empty). */
  precache: boolean;
  /** Whether the server puts a first line with the deployment's configuration before the script. */
  baked: boolean;
};

export type PrecacheEntry = { url: string; revision: string | null; integrity: string };

/** Values of `__BUILD__` and `__PRECACHE__`. */
export type Defines = { build: string; precache: readonly PrecacheEntry[] };

/** Output files, the entry first. `modules`: absolute paths of the bundled sources. */
export type ScriptBundle = { files: (OutputChunk | OutputAsset)[]; code: string; modules: ReadonlySet<string> };

const TARGET = 'es2022';

export const sha256 = (data: string | Uint8Array, encoding: 'hex' | 'base64'): string =>
  createHash('sha256').update(data).digest(encoding);

export const sourceExists = (root: string, entry: ScriptEntry): boolean => existsSync(resolve(root, entry.source));

/** Throws the bundler's own error when the source does not compile. */
export const bundleScript = async (
  root: string,
  entry: ScriptEntry,
  mode: 'development' | 'production',
  defines: Defines,
): Promise<ScriptBundle> => {
  const production = mode === 'production';
  const bundle = await rolldown({
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
        'import.meta.env.DEV': String(!production),
        'import.meta.hot': 'undefined',
      },
    },
  });
  try {
    const { output } = await bundle.generate({
      format: entry.format,
      minify: production,
      // Annotations such as `#__PURE__` help only another bundler, and cost the worker 80 B.
      comments: { annotation: false },
      sourcemap: production ? true : 'inline',
      codeSplitting: entry.format === 'es',
      entryFileNames: entry.file,
      chunkFileNames: `assets/${entry.file.replace(/\.js$/, '')}-[name]-[hash].js`,
    });
    const modules = new Set(output.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : [])));
    return { files: output, code: output[0].code, modules };
  } finally {
    await bundle.close();
  }
};
