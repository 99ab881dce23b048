import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeResolve } from '@rollup/plugin-node-resolve';
import * as esbuild from 'esbuild';
import { rollup } from 'rollup';
import webpack from 'webpack';
import { buildInMemory } from '../build/build-in-memory.ts';
import { gzippedBytes, staticModules } from '../build/built-size.ts';

/*
 * What the page adds to a site before anything loads late, in each bundler that splits at `import()`. Bundlers differ in
 * how they name what two chunks share, and in the code with which they load a chunk.
 */

/** At most this many bytes, minified and compressed (docs/decisions/0016). */
export const PAGE_LIMIT_BYTES = 8_000;

type Files = ReadonlyMap<string, string>;
type Bundler = (entry: string) => Promise<{ entry: string; files: Files }>;

const minified = async (code: string): Promise<string> =>
  (await esbuild.transform(code, { minify: true, format: 'esm', target: 'es2022' })).code;

const withEsbuild: Bundler = async (entry) => {
  const options = {
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
    logLevel: 'error',
  } as const;
  const { outputFiles } = await esbuild.build({ entryPoints: { entry }, outdir: '/out', ...options });
  return { entry: 'entry.js', files: new Map(outputFiles.map(({ path, text }) => [path.slice('/out/'.length), text])) };
};

/** Rollup itself does not minify. */
const withRollup: Bundler = async (entry) => {
  const bundle = await rollup({ input: { entry }, plugins: [nodeResolve({ browser: true })] });
  const { output } = await bundle.generate({ format: 'esm' });
  await bundle.close();
  const files = output.map(async (file) => [file.fileName, 'code' in file ? await minified(file.code) : ''] as const);
  return { entry: 'entry.js', files: new Map(await Promise.all(files)) };
};

const withVite: Bundler = async (entry) => {
  const built = await buildInMemory({
    build: { rollupOptions: { input: { entry }, preserveEntrySignatures: 'strict' } },
  });
  const files = new Map(built.output.map((file) => [file.fileName, file.type === 'chunk' ? file.code : '']));
  const [first] = built.output;
  return { entry: first.fileName, files };
};

/** One file: webpack puts all that is not late into the entry. */
const withWebpack: Bundler = async (entry) => {
  const path = await mkdtemp(join(tmpdir(), 'keeper-webpack-'));
  const compiler = webpack({
    mode: 'production',
    entry: { entry },
    output: { path, filename: '[name].js', chunkFilename: '[id].js', module: true, library: { type: 'module' } },
    experiments: { outputModule: true },
    performance: false,
  });
  await new Promise<void>((resolve, reject) => {
    compiler.run((error, stats) =>
      error || stats?.hasErrors() ? reject(error ?? new Error(stats?.toString())) : resolve(),
    );
  });
  const texts = (await readdir(path)).map(async (name) => [name, await readFile(join(path, name), 'utf8')] as const);
  const files = new Map(await Promise.all(texts));
  await rm(path, { recursive: true });
  return { entry: 'entry.js', files };
};

const BUNDLERS: Readonly<Record<string, Bundler>> = {
  esbuild: withEsbuild,
  Rollup: withRollup,
  Vite: withVite,
  webpack: withWebpack,
};

export type PageSize = { bundler: string; bytes: number };

/** `entry`: the compiled module of the page. */
export const pageSizes = async (entry: string): Promise<readonly PageSize[]> => {
  const sizes: PageSize[] = [];
  for (const [bundler, bundle] of Object.entries(BUNDLERS)) {
    const built = await bundle(entry);
    const read = async (path: string): Promise<Buffer> => Buffer.from(built.files.get(path) ?? '');
    sizes.push({ bundler, bytes: await gzippedBytes(await staticModules(built.entry, read), read) });
  }
  return sizes;
};

/** A sentence for each bundler in which the page is too large. */
export const pageProblems = (sizes: readonly PageSize[]): readonly string[] =>
  sizes
    .filter(({ bytes }) => bytes > PAGE_LIMIT_BYTES)
    .map(({ bundler, bytes }) => `size: the page adds ${bytes} B at once with ${bundler}, at most ${PAGE_LIMIT_BYTES}`);
