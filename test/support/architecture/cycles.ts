import { resolveImport, type Module } from './module.ts';

/** Each cycle in a directed graph, with its first node repeated at the end. */
export const cyclesIn = (graph: ReadonlyMap<string, Iterable<string>>): string[][] => {
  const done = new Set<string>();
  const cycles: string[][] = [];
  const visit = (node: string, trail: readonly string[]): void => {
    const seenAt = trail.indexOf(node);
    if (seenAt >= 0) {
      cycles.push([...trail.slice(seenAt), node]);
      return;
    }
    if (done.has(node)) return;
    for (const next of graph.get(node) ?? []) visit(next, [...trail, node]);
    done.add(node);
  };
  for (const node of graph.keys()) visit(node, []);
  return cycles;
};

/** Each cycle of imports, as paths with the first one repeated at the end. Type imports count too. */
export const findCycles = (modules: readonly Module[]): string[][] =>
  cyclesIn(
    new Map(
      modules.map((module) => [
        module.path,
        module.imports.flatMap((found) => resolveImport(module.path, found.specifier) ?? []),
      ]),
    ),
  );
