import { isAbsolute, join } from 'node:path';
import { rolldown, type OutputChunk, type RolldownOptions } from 'rolldown';

/** A compiled module, as a path below the output folder. `packages` has what it imports, without Node's own modules. */
export type CompiledModule = { path: string; packages: readonly string[]; definesElement: boolean };

const DEFINES_ELEMENT = /\bcustomElements\.define\(|\bcustomElement\(/;

/** The helpers of the compiler, such as that of decorators. They become part of the package. */
const HELPERS = '@oxc-project/runtime';

/**
 * Small libraries that the command, the lab and the server kit carry with them. So `npx session-keeper` works without
 * another installation. A library with a binary of its own, such as a database, is never here.
 */
const CARRIED: ReadonlySet<string> = new Set(['fast-check', 'jose', 'selfsigned', 'ws']);

/** Everything that runs in Node lives below these folders. */
const NODE_FOLDERS = /^(?:cli|lab|server)\//;

export const isForNode = (source: string): boolean => NODE_FOLDERS.test(source);

/** The package of an import: `lit/decorators.js` is of `lit`. */
export const packageOf = (request: string): string =>
  request
    .split('/')
    .slice(0, request.startsWith('@') ? 2 : 1)
    .join('/');

const isForeign = (id: string): boolean =>
  !id.startsWith('.') && !id.startsWith('\0') && !isAbsolute(id) && packageOf(id) !== HELPERS;

/** Optional helpers of `ws` with a binary. It works without them (https://github.com/websockets/ws#opt-in-for-performance). */
const BINARY_HELPERS: ReadonlySet<string> = new Set(['bufferutil', 'utf-8-validate']);

const isBesideNode = (id: string, importer: string | undefined): boolean =>
  BINARY_HELPERS.has(id) ||
  (isForeign(id) && !CARRIED.has(packageOf(id)) && importer?.includes('/node_modules/') !== true);

const described = (chunks: readonly OutputChunk[]): readonly CompiledModule[] => {
  const own = new Set(chunks.map(({ fileName }) => fileName));
  return chunks.map(({ fileName, code, imports, dynamicImports }) => {
    const foreign = [...imports, ...dynamicImports].filter((id) => !own.has(id) && !id.startsWith('node:'));
    const packages = [...new Set(foreign.map(packageOf))];
    return { path: fileName, packages, definesElement: DEFINES_ELEMENT.test(code) };
  });
};

type Compiling = { root: string; sources: readonly string[]; dir: string };
type Output = NonNullable<Parameters<Awaited<ReturnType<typeof rolldown>>['write']>[0]>;

const compile = async ({ root, sources, dir }: Compiling, options: RolldownOptions, output: Output) => {
  if (sources.length === 0) return [];
  const bundle = await rolldown({
    input: Object.fromEntries(sources.map((source) => [source.replace(/\.tsx?$/, ''), join(root, source)])),
    // The nearest tsconfig.json decides how each folder is compiled: no type and no decorator is left.
    tsconfig: true,
    transform: { target: 'es2022' },
    ...options,
  });
  try {
    const written = await bundle.write({ dir, format: 'esm', ...output });
    return described(written.output.filter((file) => file.type === 'chunk'));
  } finally {
    await bundle.close();
  }
};

/**
 * Compiles the sources to plain ES modules below `dir`. What runs in a browser stays one file for each module: a site's
 * bundler then drops what the site does not use, and splits where the sources say `import()`. What runs in Node becomes a
 * few files, with the small libraries inside.
 */
export const compileModules = async ({ root, sources, dir }: Compiling): Promise<readonly CompiledModule[]> => {
  const browser = sources.filter((source) => !isForNode(source));
  const node = sources.filter(isForNode);
  const modules = await compile(
    { root, sources: browser, dir },
    { platform: 'neutral', external: isForeign },
    { preserveModules: true, preserveModulesRoot: root, sourcemap: true },
  );
  const files = await compile(
    { root, sources: node, dir },
    { platform: 'node', external: isBesideNode },
    { entryFileNames: '[name].js', chunkFileNames: 'node/[name]-[hash].js', minify: { compress: true, mangle: false } },
  );
  return [...modules, ...files];
};
