import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const ROOT = new URL('../../', import.meta.url);
const PAGES = [
  'CHANGELOG.md',
  'CODE_OF_CONDUCT.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'docs/reference/api.md',
  '.github/pull_request_template.md',
];

/** Relative targets of links. Two folders up from a page at the root is the project's page on GitHub. */
const targetsIn = (text: string): readonly string[] =>
  [...text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].flatMap(([, target = '']) =>
    /^[a-z]+:/.test(target) || target.startsWith('../../security/') ? [] : [target],
  );

test.each(PAGES)('links only to files that exist in %s', (page) => {
  const url = new URL(page, ROOT);
  const targets = targetsIn(readFileSync(url, 'utf8'));
  expect(targets.filter((target) => !existsSync(new URL(target, url)))).toEqual([]);
});

test('names only npm scripts that exist in the contributing guide', () => {
  const guide = readFileSync(new URL('CONTRIBUTING.md', ROOT), 'utf8');
  const { scripts } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const named = [...guide.matchAll(/npm run ([\w:]+)/g)].map(([, name = '']) => name);
  expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
});

test('names only files and folders that exist in the contributing guide', () => {
  const guide = readFileSync(new URL('CONTRIBUTING.md', ROOT), 'utf8');
  const named = [...guide.matchAll(/\b(?:src|sw|test|cli|docs|scripts)\/[\w./-]*\w/g)].map(([path]) => path);
  const missing = named.filter((path) => !existsSync(new URL(path, ROOT)));
  expect(missing).toEqual([]);
});
