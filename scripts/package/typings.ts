import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { parseSync, Visitor } from 'rolldown/utils';

/** Where `tsc -b` writes the declarations of each layer (`outDir` of its tsconfig.json). */
const LAYERS = [
  { folder: 'src/protocol/', project: 'src/protocol', emitted: 'protocol' },
  { folder: 'src/core/', project: 'src/core', emitted: 'core' },
  { folder: 'src/host/', project: 'src/host/tsconfig.dom.json', emitted: 'host-dom' },
  { folder: 'src/page/', project: 'src/page', emitted: 'page' },
  { folder: 'src/frameworks/', project: 'src/frameworks', emitted: 'frameworks' },
  { folder: 'src/testing/', project: 'src/testing', emitted: 'testing' },
  { folder: 'src/migrate/', project: 'src/migrate', emitted: 'migrate' },
  { folder: 'src/telemetry/', project: 'src/telemetry', emitted: 'telemetry' },
  { folder: 'src/devtools/', project: 'src/devtools', emitted: 'devtools' },
  { folder: 'src/ui/', project: 'src/ui', emitted: 'ui' },
  { folder: 'sw/', project: 'sw', emitted: 'sw' },
  { folder: 'server/', project: 'server', emitted: 'server' },
  { folder: 'lab/', project: 'lab', emitted: 'lab' },
  { folder: 'cli/', project: 'cli', emitted: 'cli' },
] as const;

export const LAYER_PROJECTS: readonly string[] = LAYERS.map(({ project }) => project);

const declarationOf = (source: string): string => source.replace(/\.tsx?$/, '.d.ts');

const emittedPath = (source: string): string => {
  const layer = LAYERS.find(({ folder }) => source.startsWith(folder));
  if (!layer) throw new Error(`No layer of the compiler emits ${source}.`);
  return join('.cache', 'tsc', layer.emitted, declarationOf(source.slice(layer.folder.length)));
};

type Specifier = { start: number; end: number; value: string };

/** Each module that a declaration file names: in imports, exports, `import('…')` types and `declare module`. */
const specifiersIn = (path: string, text: string): readonly Specifier[] => {
  const { program, errors } = parseSync(path, text, { lang: 'dts' });
  const [error] = errors;
  if (error) throw new Error(`${path}: ${error.message}`);
  const found: Specifier[] = [];
  const add = (node: { start: number; end: number; value?: unknown } | null | undefined): void => {
    if (node && typeof node.value === 'string') found.push({ start: node.start, end: node.end, value: node.value });
  };
  new Visitor({
    ImportDeclaration: ({ source }) => add(source),
    ExportNamedDeclaration: ({ source }) => add(source),
    ExportAllDeclaration: ({ source }) => add(source),
    TSImportType: ({ source }) => add(source),
  }).visit(program);
  return found;
};

/**
 * Copies the declarations that the entries need, and no others, to `dir`. They name each other as the compiled modules
 * do, so that a consumer with `node16` resolves them. Returns the packages whose types they use.
 */
export const copyTypings = async (
  root: string,
  sources: readonly string[],
  dir: string,
): Promise<ReadonlySet<string>> => {
  const packages = new Set<string>();
  const wanted = new Set(sources);
  // The set grows during the loop, because declarations import others.
  for (const source of wanted) {
    const path = emittedPath(source);
    let text = await readFile(join(root, path), 'utf8');
    for (const { start, end, value } of specifiersIn(path, text).toReversed()) {
      if (!value.startsWith('.')) {
        packages.add(value);
        continue;
      }
      wanted.add(posix.join(posix.dirname(source), value));
      text = `${text.slice(0, start)}'${value.replace(/\.tsx?$/, '.js')}'${text.slice(end)}`;
    }
    const target = join(dir, declarationOf(source));
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, text);
  }
  return packages;
};
