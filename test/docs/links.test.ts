import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const ROOT = new URL('../../', import.meta.url);

const PAGES: readonly string[] = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CHANGELOG.md',
  ...readdirSync(new URL('docs', ROOT), { recursive: true, encoding: 'utf8' })
    // `[document].md` is a template of the site for the documents of the repository's root.
    .filter((path) => path.endsWith('.md') && !path.includes('['))
    .map((path) => `docs/${path}`),
];

const read = (page: string): string => readFileSync(new URL(page, ROOT), 'utf8');

/** Code is no link: `messages[0](event)` looks like one. */
const withoutCode = (text: string): string => text.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, '');

type Link = { path: string; anchor: string };

/** A sample names a file of the reader's project (samples.test.ts). */
const withoutSampleNames = (text: string): string => text.replace(/^(```\w+) \[[^\]]*\]/gm, '$1');

/** Links within the repository. `../../security/` is the project's page on GitHub. */
const linksIn = (text: string): readonly Link[] =>
  [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = '']) => {
    const [path = '', anchor = ''] = target.split('#');
    return /^[a-z]+:|^\.\.\/\.\.\/security\//.test(target) ? [] : [{ path, anchor }];
  });

/** As GitHub makes them of headings: lower case, no punctuation, dashes for spaces. */
const anchorsIn = (text: string): readonly string[] =>
  [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_\- ]/gu, '')
      .replaceAll(' ', '-'),
  );

const hasAnchor = (url: URL, anchor: string): boolean =>
  !url.pathname.endsWith('.md') || anchorsIn(readFileSync(url, 'utf8')).includes(anchor);

/** Paths of code that a document names from the root of the repository, such as `src/page/keeper.ts`. */
const codePathsIn = (text: string): readonly string[] =>
  [...text.matchAll(/(?<![\w./-])(?:src|sw|server|cli|scripts|bench|test|examples|public)\/[\w./-]+\.[a-z]+\b/g)].map(
    ([path]) => path,
  );

type NameIn = { name: string; path: string };

/** Names that a document says are in a file: `onFetch` in [keep-session.ts](../sw/keep-session.ts). */
const namesIn = (text: string): readonly NameIn[] =>
  [...text.matchAll(/`(\w+)`\s+in\s+\[[^\]]*\]\(([^)\s#]+\.ts)\)/g)].map(([, name = '', path = '']) => ({
    name,
    path,
  }));

const hasName = (source: string, name: string): boolean => new RegExp(`\\b${name}\\b`).test(source);

describe.each(PAGES)('%s', (page) => {
  const url = new URL(page, ROOT);
  const text = read(page);

  test('links only to files and headings that exist', () => {
    const broken = linksIn(text).filter(({ path, anchor }) => {
      const target = path === '' ? url : new URL(path, url);
      return !existsSync(target) || (anchor !== '' && !hasAnchor(target, anchor));
    });
    expect(broken).toEqual([]);
  });

  test('says where a function is only if it is there', () => {
    const wrong = namesIn(text).filter(({ name, path }) => !hasName(readFileSync(new URL(path, url), 'utf8'), name));
    expect(wrong).toEqual([]);
  });

  test('names only code files that exist', () => {
    const named = codePathsIn(withoutSampleNames(text));
    expect(named.filter((path) => !existsSync(new URL(path, ROOT)))).toEqual([]);
  });
});

test('names only files that exist in the comments of the code', () => {
  const files = ['src', 'sw', 'server', 'lab', 'cli', 'scripts', 'bench'].flatMap((folder) =>
    readdirSync(new URL(folder, ROOT), { recursive: true, encoding: 'utf8' }).map((path) => `${folder}/${path}`),
  );
  const wrong = files
    .filter((path) => path.endsWith('.ts'))
    .flatMap((path) => codePathsIn(read(path)).map((named) => ({ path, named })))
    .filter(({ named }) => !existsSync(new URL(named, ROOT)));
  expect(wrong).toEqual([]);
});

test('links each document from the index', () => {
  const index = new URL('docs/README.md', ROOT);
  const linked = new Set(linksIn(read('docs/README.md')).map(({ path }) => new URL(path, index).href));
  const missing = PAGES.filter((page) => page.startsWith('docs/') && page !== 'docs/README.md');
  expect(missing.filter((page) => !linked.has(new URL(page, ROOT).href))).toEqual([]);
});

test('names only npm scripts that exist', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const named = PAGES.flatMap((page) => [...read(page).matchAll(/npm run ([\w:]+)/g)].map(([, name = '']) => name));
  expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
});

test('notices a broken link, a heading and a path of code that do not exist', () => {
  expect(linksIn('[a](gone.md) [b](README.md#nowhere) [c](https://x.example/y) `[d](e)`')).toEqual([
    { path: 'gone.md', anchor: '' },
    { path: 'README.md', anchor: 'nowhere' },
  ]);
  expect(hasAnchor(new URL('README.md', ROOT), 'nowhere')).toBe(false);
  const [found] = namesIn('`onGone` in\n   [links.test.ts](links.test.ts)');
  expect(found).toEqual({ name: 'onGone', path: 'links.test.ts' });
  expect(hasName('const onGoneNow = 1;', 'onGone')).toBe(false);
  expect(codePathsIn('see `src/gone/file.ts` and https://x.example/src/a.ts')).toEqual(['src/gone/file.ts']);
});
