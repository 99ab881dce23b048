import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { gzippedBytes, staticModules } from '../build/built-size.ts';
import { compiledPath, entriesOf, type RootManifest } from './entries.ts';
import { isForNode } from './modules.ts';
import type { PageSize } from './page-sizes.ts';

/** Bytes, minified and compressed, with all libraries inside. `whole`: with the parts that load later. */
export type EntrySize = { specifier: string; start: number; whole: number };

/** What each entry for browsers adds to a site whose bundler splits at `import()`. */
export const entrySizes = async (folder: string, manifest: RootManifest): Promise<readonly EntrySize[]> => {
  const sizes: EntrySize[] = [];
  for (const { specifier, source } of entriesOf(manifest).filter((entry) => !isForNode(entry.source))) {
    const bundle = await rolldown({
      input: { entry: join(folder, compiledPath(source)) },
      platform: 'browser',
      // The package lies in this repository, whose libraries it then finds. A framework belongs to the site.
      external: /^(?:@angular\/core|@angular\/router|react|react-dom|react-router|vue|vue-router|svelte)(?:\/|$)/,
    });
    const { output } = await bundle.generate({ format: 'esm', minify: true, comments: false });
    await bundle.close();
    const files = new Map(
      output.flatMap((file) => (file.type === 'chunk' ? [[file.fileName, file.code] as const] : [])),
    );
    const read = async (path: string): Promise<Buffer> => Buffer.from(files.get(path) ?? '');
    const start = await gzippedBytes(await staticModules('entry.js', read), read);
    sizes.push({ specifier, start, whole: await gzippedBytes(files.keys(), read) });
  }
  return sizes;
};

const kilobytes = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`.padStart(9);

export const printSizes = (sizes: readonly EntrySize[]): string =>
  [
    'entry           at once    whole',
    ...sizes.map(({ specifier, start, whole }) => `${specifier.padEnd(12)}${kilobytes(start)}${kilobytes(whole)}`),
  ].join('\n');

export const printPageSizes = (sizes: readonly PageSize[]): string =>
  `the page at once: ${sizes.map(({ bundler, bytes }) => `${bundler} ${kilobytes(bytes).trim()}`).join(', ')}`;
