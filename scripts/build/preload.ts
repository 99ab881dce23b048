import type { Plugin } from 'vite';

/** By this, whoever counts what a first paint waits for tells a part that only is asked for early. */
export const PART = 'fetchpriority="low"';

type Chunk = { imports?: readonly string[]; moduleIds?: readonly string[]; facadeModuleId?: string | null };

/** A chunk and what it imports at once. */
const withImports = (name: string, chunks: ReadonlyMap<string, Chunk>, seen: Set<string>): void => {
  if (seen.has(name)) return;
  seen.add(name);
  for (const each of chunks.get(name)?.imports ?? []) withImports(each, chunks, seen);
};

/**
 * Names in the document what the app imports as soon as it runs (`modules`, by the ends of their paths): one round of
 * requests brings all of it, instead of a second one that begins when the first has been run.
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
