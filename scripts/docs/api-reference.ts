import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isObject, own, parseJson, stringAt } from '../../src/protocol/schema/json.ts';
import { itemOf, type ApiItem } from './api-item.ts';
import { Sources, type Doc } from './declarations.ts';

/** Writes docs/reference/api.md (`npm run docs:api`): every public name with its type, its doc comment and its example. */

export const API_FILE = new URL('../../docs/reference/api.md', import.meta.url);

/** The reference explains a type of these folders if a public one uses it. It only names other internal types. */
const EXPLAINED = ['src/protocol/', 'src/page/types/'];

type Entry = { specifier: string; items: readonly ApiItem[] };
export type Reference = { entries: readonly Entry[]; used: readonly ApiItem[] };

const idOf = ({ path, name }: { path: string; name: string }): string => `${path}#${name}`;

/** Types of `EXPLAINED` that the items use and that no entry exports. */
const usedBy = (sources: Sources, items: readonly ApiItem[]): readonly ApiItem[] => {
  const seen = new Map(items.map((item) => [idOf(item), item]));
  // The list grows during the loop, because a type uses other types.
  for (const item of seen.values()) {
    for (const name of item.uses) {
      const declaration = sources.find(item.path, name);
      if (!declaration || seen.has(idOf(declaration))) continue;
      if (EXPLAINED.some((folder) => declaration.path.startsWith(folder)))
        seen.set(idOf(declaration), itemOf(sources, declaration));
    }
  }
  const used = [...seen.values()].filter((item) => !items.includes(item));
  return used.toSorted((a, b) => (a.name < b.name ? -1 : 1));
};

/** All names of these entries, by specifier and path from `root`, and the types that they use. */
export const buildReference = (root: string, paths: ReadonlyMap<string, string>): Reference => {
  const sources = new Sources(root);
  const entries = [...paths].map(([specifier, path]): Entry => {
    const items = sources.exportsOf(path).map((name) => {
      const declaration = sources.find(path, name);
      if (!declaration) throw new Error(`${path} exports ${name}, but no file declares it.`);
      return itemOf(sources, declaration);
    });
    return { specifier, items };
  });
  return {
    entries,
    used: usedBy(
      sources,
      entries.flatMap(({ items }) => items),
    ),
  };
};

type WithDoc = { name: string; doc: Doc };

/** The parts of this item that an app calls: a function, a class, and methods. */
const calledIn = ({ name, kind, doc, members }: ApiItem): readonly WithDoc[] => [
  ...(kind === 'function' || kind === 'class' ? [{ name, doc }] : []),
  ...members.filter(({ called }) => called).map((member) => ({ name: `${name}.${member.name}`, doc: member.doc })),
];

/** Public functions, classes and methods whose doc comment has no `@example`. */
export const withoutExample = ({ entries }: Reference): readonly string[] =>
  entries.flatMap(({ specifier, items }) =>
    items
      .flatMap(calledIn)
      .filter(({ doc }) => doc.examples.length === 0)
      .map(({ name }) => `${specifier} ${name}`),
  );

export type Example = { specifier: string; name: string; code: string };

/** The examples of all public names. */
export const examplesIn = ({ entries }: Reference): readonly Example[] =>
  entries.flatMap(({ specifier, items }) =>
    items.flatMap(({ name, doc, members }) => {
      const docs = [{ name, doc }, ...members.map((member) => ({ name: `${name}.${member.name}`, doc: member.doc }))];
      return docs.flatMap((found) => found.doc.examples.map((code) => ({ specifier, name: found.name, code })));
    }),
  );

const fenced = (code: string): string => `\`\`\`${code.startsWith('<') ? 'html' : 'ts'}\n${code}\n\`\`\``;

const TAG_NAMES: Readonly<Record<string, string>> = {
  csspart: 'CSS part',
  cssprop: 'CSS property',
  fires: 'Event',
  param: 'Parameter',
  returns: 'Returns',
  slot: 'Slot',
  throws: 'Throws',
};

const docLines = ({ text, tags, examples }: Doc): readonly string[] => [
  ...(text === '' ? [] : [text]),
  ...(tags.length === 0
    ? []
    : [tags.map((tag) => `- ${TAG_NAMES[tag.name] ?? tag.name}: ${tag.text.replaceAll('\n', ' ')}`).join('\n')]),
  ...examples.flatMap((example) => ['Example:', fenced(example)]),
];

const renderItem = ({ name, path, code, doc, members }: ApiItem): string =>
  [
    `### ${name}`,
    fenced(code),
    ...docLines(doc),
    ...members.flatMap((member) => [
      `#### ${name}: \`${member.signature.replaceAll(/\s+/g, ' ')}\``,
      ...docLines(member.doc),
    ]),
    `Source: [${path}](../../${path})`,
  ].join('\n\n');

const ORDER: readonly ApiItem['kind'][] = ['function', 'class', 'object', 'value', 'type'];

export const renderReference = ({ entries, used }: Reference): string => {
  const sections = entries.map(({ specifier, items }) => {
    const sorted = ORDER.flatMap((kind) => items.filter((item) => item.kind === kind));
    return [`## \`${specifier}\``, ...sorted.map(renderItem)].join('\n\n');
  });
  return `${[
    '# API reference',
    'Generated by `npm run docs:api` from the doc comments of the sources. Do not edit.',
    entries.map(({ specifier }) => `- [\`${specifier}\`](#${specifier.replaceAll(/[^a-z-]/g, '')})`).join('\n'),
    ...sections,
    '## Types that the API uses',
    'No entry exports these by name. TypeScript infers them.',
    ...used.map(renderItem),
  ].join('\n\n')}\n`;
};

/** The reference of the package at `root`. */
export const readReference = (root: string): Reference => {
  const manifest = parseJson(readFileSync(join(root, 'package.json'), 'utf8'));
  const name = isObject(manifest) ? stringAt(manifest, 'name') : undefined;
  const exported = isObject(manifest) ? own(manifest, 'exports') : undefined;
  if (name === undefined || !isObject(exported)) throw new Error('package.json has no name or no exports.');
  const entries = Object.keys(exported).flatMap((key): [string, string][] => {
    const path = stringAt(exported, key);
    return path?.endsWith('.ts') ? [[`${name}${key.slice(1)}`, path.replace('./', '')]] : [];
  });
  return buildReference(root, new Map(entries));
};

if (process.argv[1]?.endsWith('api-reference.ts')) {
  const reference = readReference(process.cwd());
  const missing = withoutExample(reference);
  for (const name of missing) console.error(`no @example: ${name}`);
  if (missing.length > 0) process.exitCode = 1;
  else await writeFile(API_FILE, renderReference(reference));
}
