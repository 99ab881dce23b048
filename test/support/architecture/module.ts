import { posix } from 'node:path';
import { parseSync, Visitor } from 'rolldown/utils';

/** An import: its position, its specifier, and whether it is dynamic. */
export type Import = { specifier: string; start: number; dynamic: boolean };

export type Parsed = ReturnType<typeof parseSync>;

/** A source file of the repository. `path` is relative to its root, with slashes. */
export type Module = { path: string; source: string; parsed: Parsed; imports: readonly Import[] };

const dynamicImports = (parsed: Parsed): Import[] => {
  const found: Import[] = [];
  const add = (source: { type: string; start: number; value?: unknown }, dynamic: boolean): void => {
    if (typeof source.value === 'string') found.push({ specifier: source.value, start: source.start, dynamic });
  };
  new Visitor({
    ImportExpression: (node) => add(node.source, true),
    // The compiler erases `import('./x.ts').Type`, but it is a dependency too.
    TSImportType: (node) => add(node.source, false),
  }).visit(parsed.program);
  return found;
};

/** Throws when the file does not parse. */
export const parseModule = (path: string, source: string): Module => {
  const parsed = parseSync(path, source);
  const [error] = parsed.errors;
  if (error) throw new Error(`${path}: ${error.message}`);
  const requests = [
    ...parsed.module.staticImports.map((entry) => entry.moduleRequest),
    ...parsed.module.staticExports.flatMap((entry) => entry.entries.map((exported) => exported.moduleRequest)),
  ];
  const imports = requests.flatMap((request) =>
    request ? [{ specifier: request.value, start: request.start, dynamic: false }] : [],
  );
  return { path, source, parsed, imports: [...imports, ...dynamicImports(parsed)] };
};

/** The path of a relative import from the root. `undefined` for a package. */
export const resolveImport = (from: string, specifier: string): string | undefined =>
  specifier.startsWith('.') ? posix.join(posix.dirname(from), specifier) : undefined;

export const lineAt = (source: string, offset: number): number => source.slice(0, offset).split('\n').length;
