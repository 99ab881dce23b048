import { basename, resolve } from 'node:path';
import {
  rolldown,
  RolldownMagicString,
  type InputOptions,
  type OutputChunk,
  type OutputOptions,
  type Plugin,
  type RolldownBuild,
} from 'rolldown';
import {
  filesFolder,
  inputOptions,
  sha256,
  type Defines,
  type ScriptBundle,
  type ScriptEntry,
} from './script-entry.ts';

const HASH_LENGTH = 8;
const CORE = 'core';
/** All other parts come after this one, so it also has what they share with each other. */
const HOST = 'host-part';

type Group = { name: string; test(id: string): boolean; priority: number };

const IMPORT = /^import \{([^}]*)\} from "([^"]+)";$/gm;
const EXPORT = /^export \{([^}]*)\};$/gm;
const DYNAMIC_IMPORT = /\bimport\("([^"]+)"\)/g;

/** Where the scripts of one worker find each other (sw/parts/part-registry.ts). */
const REGISTRY = 'self.__SESSION_KEEPER_PARTS__';

const partName = (file: string): string => basename(file, '.js');

/** `a as b` in an import or an export, as a property of an object pattern or literal. */
const pairs = (specifiers: string, write: (left: string, right: string) => string): string =>
  specifiers
    .split(',')
    .map((specifier) => specifier.trim().split(' as '))
    .map(([left = '', right = left]) => write(left, right))
    .join(',');

/** An export whose value changes later would reach the parts with its first value. The bundler does not indent top levels. */
const assertConstant = (code: string, specifiers: string, file: string): void => {
  for (const specifier of specifiers.split(',')) {
    const [name = ''] = specifier.trim().split(' as ');
    const literal = name.replaceAll('$', '\\$');
    if (new RegExp(`^(?:const|class|(?:async )?function\\*?) ${literal}(?![\\w$])`, 'm').test(code)) continue;
    const assigned = new RegExp(`(?<![\\w$.])${literal}\\s*(?:[-+*/%&|^?]{0,2}=(?![=>])|\\+\\+|--)`, 'g');
    if ((code.match(assigned) ?? []).length > 1)
      throw new Error(`${file} exports ${name} and assigns it more than once. A part of a worker needs a constant.`);
  }
};

/**
 * A worker has no `import()`, and a classic script has no `import` and no `export`. The modules of the entry stay in the
 * entry. Each dynamic import becomes a classic script. It takes from the registry what it shares with the entry.
 */
const classicParts = (): Plugin => ({
  name: 'classic-parts',
  renderChunk(code, chunk) {
    const text = new RolldownMagicString(code);
    for (const [line, specifiers = '', from = ''] of code.matchAll(IMPORT)) {
      const names = pairs(specifiers, (left, right) => `${left}:${right}`);
      text.replace(line, `const {${names}} = ${REGISTRY}.load(${JSON.stringify(partName(from))});`);
    }
    for (const [line, specifiers = ''] of code.matchAll(EXPORT)) {
      assertConstant(code, specifiers, chunk.fileName);
      const names = pairs(specifiers, (left, right) => `${right}:${left}`);
      text.replace(line, `${REGISTRY}.add(${JSON.stringify(partName(chunk.fileName))}, {${names}});`);
    }
    for (const [call, from = ''] of code.matchAll(DYNAMIC_IMPORT)) {
      text.replace(call, `${REGISTRY}.later(${JSON.stringify(partName(from))})`);
    }
    text.prepend('(() => {\n');
    text.append('\n})();\n');
    return text;
  },
});

const chunksOf = (output: Awaited<ReturnType<RolldownBuild['generate']>>['output']): OutputChunk[] =>
  output.filter((file) => file.type === 'chunk');

/** All modules that this chunk evaluates. */
const modulesOf = (chunk: OutputChunk | undefined, chunks: readonly OutputChunk[]): ReadonlySet<string> => {
  const byName = new Map(chunks.map((chunk) => [chunk.fileName, chunk]));
  const reached = new Set<OutputChunk>();
  const visit = (next: OutputChunk | undefined): void => {
    if (!next || reached.has(next)) return;
    reached.add(next);
    for (const name of next.imports) visit(byName.get(name));
  };
  visit(chunk);
  return new Set([...reached].flatMap((chunk) => chunk.moduleIds));
};

/**
 * All that the entry needs is one file, and so is all that the host needs beyond it. Without these groups, what they share
 * with other parts would be files of their own.
 */
const groupsOf = async (options: InputOptions, names: OutputOptions): Promise<Group[]> => {
  const draft = await rolldown(options);
  const chunks = chunksOf((await draft.generate({ format: 'es', ...names })).output);
  await draft.close();
  const start = modulesOf(chunks[0], chunks);
  const hostChunk = chunks.find(({ name }) => name === HOST);
  const host = modulesOf(hostChunk, chunks);
  return [
    { name: CORE, test: (id) => start.has(id), priority: 2 },
    { name: HOST, test: (id) => host.has(id), priority: 1 },
  ];
};

/** The text with its source map: a file beside it in production, part of the text in development. */
const withMap = (code: string, map: string, fileName: string, production: boolean): ScriptBundle['files'] => {
  const url = production
    ? `${basename(fileName)}.map`
    : `data:application/json;base64,${Buffer.from(map).toString('base64')}`;
  const script = { fileName, source: `${code.trimEnd()}\n//# sourceMappingURL=${url}\n` };
  return production ? [script, { fileName: `${fileName}.map`, source: map }] : [script];
};

/**
 * Bundles a worker: the entry, and a file for each `import()` that its sources contain. The entry knows the URL and the
 * hash of each part. A changed part has another URL, so the entry changes too, and the browser updates the worker.
 */
export const bundleWorker = async (
  root: string,
  entry: ScriptEntry,
  mode: 'development' | 'production',
  defines: Defines,
): Promise<ScriptBundle> => {
  const production = mode === 'production';
  const names = { entryFileNames: entry.file, chunkFileNames: `${partName(entry.file)}-[name].js` };
  const options = { ...inputOptions(root, entry, mode, defines), input: resolve(root, entry.source) };
  const groups = await groupsOf(options, names);
  const bundle = await rolldown({ ...options, plugins: [classicParts()] });
  const { output } = await bundle.generate({
    format: 'es',
    ...names,
    minify: production,
    comments: { annotation: false },
    sourcemap: 'hidden',
    codeSplitting: { groups },
  });
  await bundle.close();
  const [main, ...parts] = chunksOf(output);
  if (!main || main.imports.length > 0) throw new Error(`${entry.file} needs more than one file at its start.`);
  const files: ScriptBundle['files'] = [];
  const locations: Record<string, { url: string; integrity: string }> = {};
  for (const part of parts) {
    const name = partName(part.fileName);
    const fileName = `${filesFolder(entry)}/keeper-part-${name}-${sha256(part.code, 'hex').slice(0, HASH_LENGTH)}.js`;
    const [script, ...maps] = withMap(part.code, JSON.stringify(part.map), fileName, production);
    if (!script) continue;
    files.push(script, ...maps);
    locations[name] = { url: defines.base + fileName, integrity: `sha256-${sha256(script.source, 'base64')}` };
  }
  const known = `{const __PARTS__=${JSON.stringify(locations)};\n`;
  // The first line moves all others down by one.
  const map = JSON.stringify({ ...main.map, mappings: `;${main.map?.mappings ?? ''}` });
  const [script, ...maps] = withMap(`${known}${main.code.trimEnd()}}`, map, entry.file, production);
  if (!script) throw new Error(`${entry.file} is empty.`);
  return {
    files: [script, ...maps, ...files],
    code: `${known}${main.code.trimEnd()}}`,
    modules: new Set([main, ...parts].flatMap((chunk) => chunk.moduleIds)),
  };
};
