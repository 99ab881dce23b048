import { readdir, readFile, writeFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Plugin } from 'vite';
import { SUFFIX } from '../../server/http/compression.ts';

const brotli = promisify(brotliCompress);
const deflate = promisify(gzip);

const TEXT = new Set(['.css', '.html', '.js', '.json', '.svg', '.txt', '.webmanifest']);

const encodeFile = async (file: string): Promise<void> => {
  const bytes = await readFile(file);
  const params = { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.byteLength };
  const [small, smaller] = await Promise.all([deflate(bytes, { level: 9 }), brotli(bytes, { params })]);
  if (small.byteLength < bytes.byteLength) await writeFile(file + SUFFIX.gzip, small);
  if (smaller.byteLength < bytes.byteLength) await writeFile(file + SUFFIX.br, smaller);
};

/**
 * Writes a `.gz` and a `.br` copy beside each text file of the build. `except`: names of the scripts before which the
 * server puts a first line. A compressed copy would lack that line.
 */
export const precompress = (except: readonly string[]): Plugin => ({
  name: 'keeper-precompress',
  apply: 'build',
  writeBundle: {
    order: 'post',
    sequential: true,
    async handler({ dir }) {
      if (dir === undefined) return;
      const entries = await readdir(dir, { recursive: true, withFileTypes: true });
      const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
      const texts = files.filter(
        (file) => TEXT.has(extname(file)) && !except.includes(relative(dir, file).split(sep).join('/')),
      );
      await Promise.all(texts.map(encodeFile));
    },
  },
});
