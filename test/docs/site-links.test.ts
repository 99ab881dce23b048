import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createMarkdownRenderer } from 'vitepress';
import { beforeAll, describe, expect, test } from 'vitest';
import { linkTarget, repositoryAddress, ROOT_DOCUMENTS } from '../../scripts/docs/site/links.ts';
import { readAsRepository } from '../../scripts/docs/site/markdown.ts';

const ROOT = new URL('../../', import.meta.url);
const REPOSITORY = 'https://git.example/keeper/blob/main/';

type Page = { page: string; file: string };

/** Pages of the site by their paths below `docs`, with their files in the repository. */
const PAGES: readonly Page[] = [
  ...Object.entries(ROOT_DOCUMENTS).map(([file, slug]) => ({ page: `project/${slug}.md`, file })),
  ...readdirSync(new URL('docs', ROOT), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md') && !path.includes('['))
    .map((path) => ({ page: path === 'README.md' ? 'documents.md' : path, file: `docs/${path}` })),
];

const withoutCode = (text: string): string => text.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, '');

const hrefsIn = (text: string): readonly string[] =>
  [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, href = '']) => href);

/** Whether the site, or the repository, has what a link leads to. */
const exists = (page: string, href: string): boolean => {
  const target = linkTarget(page, href);
  if (target.type === 'page')
    return PAGES.some(({ page: found }) => `/${found.slice(0, -'.md'.length)}` === target.href.split('#')[0]);
  if (target.type === 'source' || target.type === 'report') return existsSync(new URL(target.path, ROOT));
  return target.type === 'host' ? target.path.startsWith('../../security/') : /^(?:https?:|#)/.test(href);
};

test.each(PAGES)('$file links to pages of the site and files of the repository', ({ page, file }) => {
  expect(hrefsIn(readFileSync(new URL(file, ROOT), 'utf8')).filter((href) => !exists(page, href))).toEqual([]);
});

test('notices a link to a page and to a file that do not exist', () => {
  expect(exists('how-to/x.md', 'gone.md')).toBe(false);
  expect(exists('how-to/x.md', '../../src/gone.ts')).toBe(false);
  expect(exists('documents.md', '../README.md')).toBe(true);
  expect(exists('lab/examples/README.md', 'gone.html')).toBe(false);
});

describe('the site', () => {
  const SAMPLE = '[the table](../../src/a.ts#L3) [`b`](../../src/b.ts) [c](y.md#d) [e](https://x.example/) [f](f.html)';
  const rendered = { withRepository: '', without: '', securityWithRepository: '', securityWithout: '' };

  beforeAll(async () => {
    // VitePress has one renderer for each process. The colours of code would take seconds to load.
    const markdown = await createMarkdownRenderer('docs', {
      highlight: (code) => code,
      config: (renderer) => readAsRepository(renderer, REPOSITORY),
    });
    const render = (text: string, page: string): string =>
      markdown.render(text, { path: page, relativePath: page, cleanUrls: false });
    const security = readFileSync(new URL('SECURITY.md', ROOT), 'utf8');
    rendered.withRepository = render(SAMPLE, 'how-to/x.md');
    rendered.securityWithRepository = render(security, 'project/security.md');
    markdown.core.ruler.disable('repository-links');
    readAsRepository(markdown, undefined);
    rendered.without = render(SAMPLE, 'how-to/x.md');
    rendered.securityWithout = render(security, 'project/security.md');
  });

  const linksIn = (html: string): readonly string[] =>
    [...html.matchAll(/<a href="([^"]+)"/g)].map(([, href = '']) => href);

  test('links to code when it knows the repository', () => {
    expect(linksIn(rendered.withRepository)).toEqual([
      `${REPOSITORY}src/a.ts#L3`,
      `${REPOSITORY}src/b.ts`,
      '/how-to/y.html#d',
      'https://x.example/',
      'f.html',
    ]);
    expect(linksIn(rendered.securityWithRepository)).toContain('https://git.example/keeper/security/advisories/new');
  });

  test('has the text of such links when it does not', () => {
    expect(linksIn(rendered.without)).toEqual(['/how-to/y.html#d', 'https://x.example/', 'f.html']);
    expect(rendered.without).toContain('<span class="source-file" title="src/a.ts">the table</span>');
    expect(rendered.without).toContain('<span class="source-file" title="src/b.ts"><code>b</code></span>');
    expect(rendered.securityWithout).toContain('<span>Report a vulnerability</span>');
  });
});

describe('DOCS_REPOSITORY', () => {
  test.each([
    [undefined, undefined],
    ['', undefined],
    [REPOSITORY, REPOSITORY],
    [REPOSITORY.slice(0, -1), REPOSITORY],
  ])('%j is the address %j', (value, address) => {
    expect(repositoryAddress(value)).toBe(address);
  });

  test.each(['git.example/keeper', 'file:///keeper/', '/keeper/', 'https://'])('%j is refused', (value) => {
    expect(() => repositoryAddress(value)).toThrow(/DOCS_REPOSITORY is ".*"\. Give the URL/);
  });
});
