import { posix } from 'node:path';
import { cyclesIn } from './cycles.ts';
import { resolveImport, type Module } from './module.ts';

/** About as many names as a reader sees at a glance. */
export const MAX_FILES = 14;

const folderOf = (module: Module): string => posix.dirname(module.path);

/** Each cycle of imports between folders, as paths with the first one repeated at the end. */
export const findFolderCycles = (modules: readonly Module[]): string[][] => {
  const known = new Set(modules.map((module) => module.path));
  const graph = new Map<string, Set<string>>();
  for (const module of modules) {
    const from = folderOf(module);
    const targets = graph.get(from) ?? new Set();
    graph.set(from, targets);
    for (const { specifier } of module.imports) {
      const path = resolveImport(module.path, specifier);
      if (path === undefined || !known.has(path)) continue;
      const to = posix.dirname(path);
      if (to !== from) targets.add(to);
    }
  }
  return cyclesIn(graph);
};

/** One sentence for each folder with more modules than `MAX_FILES`. */
export const crowdedFolders = (modules: readonly Module[]): string[] => {
  const counts = new Map<string, number>();
  for (const module of modules) counts.set(folderOf(module), (counts.get(folderOf(module)) ?? 0) + 1);
  return [...counts]
    .filter(([, count]) => count > MAX_FILES)
    .map(([folder, count]) => `${folder}: ${count} modules, at most ${MAX_FILES}`);
};
