import { resolveImport, type Module } from './module.ts';

/** Each circle of imports, as paths with the first repeated at the end. Type imports count: they couple as much. */
export const findCycles = (modules: readonly Module[]): string[][] => {
  const graph = new Map(
    modules.map((module) => [
      module.path,
      module.imports.flatMap((found) => resolveImport(module.path, found.specifier) ?? []),
    ]),
  );
  const done = new Set<string>();
  const cycles: string[][] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const seenAt = trail.indexOf(path);
    if (seenAt >= 0) {
      cycles.push([...trail.slice(seenAt), path]);
      return;
    }
    if (done.has(path)) return;
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  return cycles;
};
