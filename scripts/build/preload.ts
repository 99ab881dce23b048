import type { Plugin } from 'vite';

/** Marks a preload that the first paint does not wait for. The size check and its test look for it. */
export const PART = 'fetchpriority="low"';

type Chunk = { imports?: readonly string[]; moduleIds?: readonly string[]; facadeModuleId?: string | null };

/** Adds the chunk and its static imports to `seen`. */
const withImports = (name: string, chunks: ReadonlyMap<string, Chunk>, seen: Set<string>): void => {
  if (seen.has(name)) return;
  seen.add(name);
  for (const each of chunks.get(name)?.imports ?? []) withImports(each, chunks, seen);
};

/**
 * Adds a preload for each chunk that the app imports as soon as it runs. The browser then fetches all of them at once,
 * instead of a second time after the first script ran. `modules`: the ends of their paths.
 */
export const preloadParts = (modules: readonly string[]): Plugin => ({
  name: 'keeper-preload',
  apply: 'build',
  transformIndexHtml: {
    order: 'post',
    handler: (html, { bundle = {} }) => {
      const chunks = new Map<string, Chunk>(Object.entries(bundle).map(([name, chunk]) => [name, chunk as Chunk]));
      const wanted = new Set<string>();
      for (const [name, { moduleIds = [], facadeModuleId }] of chunks) {
        const ids = [...moduleIds, facadeModuleId ?? ''];
        if (ids.some((id) => modules.some((path) => id.endsWith(path)))) withImports(name, chunks, wanted);
      }
      return [...wanted]
        .filter((name) => !html.includes(`"/${name}"`))
        .map((name) => ({
          tag: 'link',
          attrs: { rel: 'modulepreload', fetchpriority: 'low', crossorigin: true, href: `/${name}` },
          injectTo: 'head' as const,
        }));
    },
  },
});
