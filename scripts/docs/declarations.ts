import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { parseSync, Visitor } from 'rolldown/utils';

/*
 * Finds exported declarations and their doc comments in the sources. TypeScript 7 has no compiler API
 * (https://github.com/microsoft/typescript-go), so this reads the syntax tree of the parser that rolldown brings.
 */

type Parsed = ReturnType<typeof parseSync>;
type Statement = Parsed['program']['body'][number];
export type Declared = NonNullable<Extract<Statement, { type: 'ExportNamedDeclaration' }>['declaration']>;

type SourceFile = { path: string; source: string; parsed: Parsed };

/** A declaration and its file, from which its names resolve. `path` is relative to the repository's root. */
export type Declaration = { name: string; path: string; source: string; doc: Doc; node: Declared };

export type Doc = { text: string; examples: readonly string[]; tags: readonly { name: string; text: string }[] };

const NO_DOC: Doc = { text: '', examples: [], tags: [] };

/** Without the stars at the beginning of each line. */
const linesOf = (comment: string): readonly string[] =>
  comment.split('\n').map((line, index) => (index === 0 ? line.replace(/^\*\s?/, '') : line.replace(/^\s*\*? ?/, '')));

const parseDoc = (comment: string): Doc => {
  const text: string[] = [];
  const tags: { name: string; lines: string[] }[] = [];
  for (const line of linesOf(comment)) {
    const [, name, rest = ''] = /^@(\w+)\s*(.*)$/.exec(line) ?? [];
    // An example may contain decorators.
    if (name !== undefined && !(tags.at(-1)?.name === 'example' && /^[A-Z]|^customElement/.test(name)))
      tags.push({ name, lines: rest === '' ? [] : [rest] });
    else (tags.at(-1)?.lines ?? text).push(line);
  }
  const joined = tags.map(({ name, lines }) => ({ name, text: lines.join('\n').trim() }));
  return {
    text: text.join('\n').trim(),
    examples: joined.filter(({ name }) => name === 'example').map((tag) => tag.text),
    tags: joined.filter(({ name }) => name !== 'example'),
  };
};

const DECORATORS = /^\s*(@\w+(\([^)]*\))?\s*)*$/;

/** The doc comment right before `start`. */
export const docBefore = (parsed: Parsed, source: string, start: number): Doc => {
  const comment = parsed.comments.findLast(
    ({ type, value, end }) => type === 'Block' && value.startsWith('*') && end <= start,
  );
  return comment && DECORATORS.test(source.slice(comment.end, start)) ? parseDoc(comment.value) : NO_DOC;
};

type Specifier = { type: string; name?: string; value?: unknown };
const nameOf = (specifier: Specifier): string => specifier.name ?? String(specifier.value);

const namesIn = (node: Declared): readonly string[] => {
  if (node.type === 'VariableDeclaration')
    return node.declarations.flatMap(({ id }) => (id.type === 'Identifier' ? [id.name] : []));
  return 'id' in node && node.id && 'name' in node.id ? [node.id.name] : [];
};

export class Sources {
  readonly #root: string;
  readonly #files = new Map<string, SourceFile>();

  constructor(root: string) {
    this.#root = root;
  }

  file(path: string): SourceFile {
    const known = this.#files.get(path);
    if (known) return known;
    const source = readFileSync(join(this.#root, path), 'utf8');
    const parsed = parseSync(path, source);
    const [error] = parsed.errors;
    if (error) throw new Error(`${path}: ${error.message}`);
    const file = { path, source, parsed };
    this.#files.set(path, file);
    return file;
  }

  /** Names that the file exports, in the order of the file. */
  exportsOf(path: string): readonly string[] {
    return this.file(path).parsed.program.body.flatMap((node) => {
      if (node.type === 'ExportAllDeclaration')
        return this.exportsOf(posix.join(posix.dirname(path), node.source.value));
      if (node.type !== 'ExportNamedDeclaration') return [];
      if (node.declaration) return namesIn(node.declaration);
      return node.specifiers.map(({ exported }) => nameOf(exported));
    });
  }

  /** The declaration of `name` in this file's scope; `undefined` for a name of a package and for a global one. */
  find(path: string, name: string): Declaration | undefined {
    const { source, parsed } = this.file(path);
    for (const node of parsed.program.body) {
      const declared = node.type === 'ExportNamedDeclaration' ? node.declaration : node;
      if (declared && namesIn(declared as Declared).includes(name))
        return { name, path, source, doc: docBefore(parsed, source, node.start), node: declared as Declared };
      const target = this.#targetOf(path, node, name);
      const found = target && this.find(target.path, target.name);
      if (found) return found;
    }
    return undefined;
  }

  /** The file from which an import, a re-export or `export *` gets the name. */
  #targetOf(path: string, node: Statement, name: string): { path: string; name: string } | undefined {
    if (!('source' in node) || !node.source?.value.startsWith('.')) return undefined;
    const from = posix.join(posix.dirname(path), node.source.value);
    if (node.type === 'ExportAllDeclaration')
      return this.exportsOf(from).includes(name) ? { path: from, name } : undefined;
    if (node.type === 'ExportNamedDeclaration') {
      const specifier = node.specifiers.find(({ exported }) => nameOf(exported) === name);
      return specifier && { path: from, name: nameOf(specifier.local) };
    }
    if (node.type !== 'ImportDeclaration') return undefined;
    const specifier = node.specifiers.find(({ local }) => local.name === name);
    return specifier?.type === 'ImportSpecifier' ? { path: from, name: nameOf(specifier.imported) } : undefined;
  }
}

type TypeNode = { type: string; typeName?: Specifier; typeArguments?: { params: readonly TypeQuery[] } | null };
type TypeQuery = { type: string; exprName?: Specifier };

/** `X` where a type is `Infer<typeof X>`. */
export const schemaNameIn = (node: Declared): string | undefined => {
  if (node.type !== 'TSTypeAliasDeclaration') return undefined;
  const { type, typeName, typeArguments } = node.typeAnnotation as TypeNode;
  const [schema] = typeArguments?.params ?? [];
  const isInferred = type === 'TSTypeReference' && typeName?.name === 'Infer' && schema?.type === 'TSTypeQuery';
  return isInferred ? schema.exprName?.name : undefined;
};

/** The name of a schema, as those that a file imports are written. */
export const isSchemaName = (name: string): boolean => /^[A-Z][A-Z0-9_]+$/.test(name);

/** Names of what a schema uses: a type where a schema of its own file has one, otherwise the constant itself. */
export const schemaPartsIn = (parsed: Parsed, within: { start: number; end: number }): ReadonlySet<string> => {
  const used = new Set<string>();
  new Visitor({
    Identifier: ({ name, start }) => {
      if (start >= within.start && start < within.end) used.add(name);
    },
  }).visit(parsed.program);
  const parts = new Set<string>();
  for (const node of parsed.program.body) {
    const declared = (node.type === 'ExportNamedDeclaration' ? node.declaration : node) as Declared | null;
    if (declared?.type === 'VariableDeclaration')
      for (const name of namesIn(declared)) if (used.has(name)) parts.add(name);
    if (node.type === 'ImportDeclaration')
      for (const { local } of node.specifiers)
        if (isSchemaName(local.name) && used.has(local.name)) parts.add(local.name);
    const schema = declared ? schemaNameIn(declared) : undefined;
    if (!declared || schema === undefined || !parts.delete(schema)) continue;
    for (const name of namesIn(declared)) parts.add(name);
  }
  return parts;
};

/** Names of the types that a part of a file uses. */
export const typeNamesIn = (parsed: Parsed, within: { start: number; end: number }): ReadonlySet<string> => {
  const names = new Set<string>();
  const add = (node: { start: number; type: string; name?: string }): void => {
    const isWithin = node.start >= within.start && node.start < within.end;
    if (isWithin && node.type === 'Identifier' && node.name !== undefined) names.add(node.name);
  };
  new Visitor({
    TSTypeReference: ({ typeName }) => add(typeName),
    TSTypeQuery: ({ exprName }) => add(exprName),
  }).visit(parsed.program);
  return names;
};
