import type { MarkdownEnv, MarkdownRenderer } from 'vitepress';
import { linkTarget } from './links.ts';

type Token = ReturnType<MarkdownRenderer['parse']>[number];

/** As GitHub makes anchors of headings, because the documents are read there too (test/docs/links.test.ts). */
export const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}_\- ]/gu, '')
    .replaceAll(' ', '-');

/** Turns a link into the text that it is around. `file`: the file of the repository that the text is about. */
const withoutLink = (open: Token, close: Token | undefined, file: string | undefined): void => {
  open.tag = 'span';
  open.attrs = file === undefined ? [] : Object.entries({ class: 'source-file', title: file });
  open.type = 'span_open';
  if (close) close.tag = 'span';
  if (close) close.type = 'span_close';
};

const changeLinks = (tokens: readonly Token[], page: string, repository: string | undefined): void => {
  for (const [at, token] of tokens.entries()) {
    if (token.type !== 'link_open') continue;
    const target = linkTarget(page, token.attrGet('href') ?? '');
    if (target.type === 'page') token.attrSet('href', target.href);
    // VitePress takes a link with a target as it is. Else it would look for a page of its own.
    if (target.type === 'report') token.attrSet('target', '_self');
    if (target.type !== 'source' && target.type !== 'host') continue;
    if (repository !== undefined) token.attrSet('href', new URL(`${target.path}${target.anchor}`, repository).href);
    else {
      const close = tokens.slice(at).find(({ type }) => type === 'link_close');
      withoutLink(token, close, target.type === 'source' ? target.path : undefined);
    }
  }
};

/** ```ts [vite.config.ts] is a part of that file of the reader's project. */
const FILE = /\[([\w./-]+)\]/;

/**
 * Makes pages of documents that are written for the repository. `repository`: URL below which its files can be read, with a
 * slash at its end (`repositoryAddress`). Without it, a link to code is the name of the file.
 */
export const readAsRepository = (markdown: MarkdownRenderer, repository: string | undefined): void => {
  markdown.core.ruler.push('repository-links', ({ tokens, env }) => {
    const { relativePath } = env as MarkdownEnv;
    for (const { children } of tokens) if (children) changeLinks(children, relativePath, repository);
  });
  const { fence } = markdown.renderer.rules;
  markdown.renderer.rules.fence = (tokens, index, ...rest) => {
    const token = tokens[index];
    if (token?.info.trim() === 'mermaid') return `<Diagram code="${encodeURIComponent(token.content)}" />`;
    const code = fence?.(tokens, index, ...rest) ?? '';
    const [, file] = FILE.exec(token?.info ?? '') ?? [];
    return file === undefined ? code : `<p class="sample-file"><code>${file}</code></p>${code}`;
  };
};
