import { gzipSync } from 'node:zlib';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { expect, test } from 'vitest';

/** Bytes of an entry, minified and compressed, without the framework and the page library, which the site has anyway. */
const sizeOf = async (name: string): Promise<number> => {
  const bundle = await rolldown({
    input: fileURLToPath(new URL(`../../src/frameworks/${name}.ts`, import.meta.url)),
    external: [/^@angular\//, 'react', 'vue', 'svelte', /page\/connect/],
  });
  const { output } = await bundle.generate({ minify: true });
  await bundle.close();
  return gzipSync(output.map((file) => ('code' in file ? file.code : '')).join('')).length;
};

test.each([
  ['react', 1_400],
  ['vue', 1_400],
  ['svelte', 1_200],
  ['angular', 1_400],
])('%s adds at most %i bytes to a page', async (name, most) => {
  expect(await sizeOf(name)).toBeLessThanOrEqual(most);
});
