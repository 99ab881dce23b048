import { cpSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitepress';
import { repositoryAddress } from '../../scripts/docs/site/links.ts';
import { anchorOf, readAsRepository } from '../../scripts/docs/site/markdown.ts';
import { navigationOf } from '../../scripts/docs/site/navigation.ts';

const index = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

const icon = readFileSync(new URL('../../public/favicon.svg', import.meta.url), 'utf8');

const repository = repositoryAddress(process.env['DOCS_REPOSITORY']);

/** HTML files that the documents link to. */
const REPORTS = 'lab/examples';
const isReport = (path: string): boolean => ['', '.html'].includes(extname(path));

const COLLAPSED = ['Decisions', 'Providers'];

/**
 * The site of the documents (`npm run docs`). VitePress fails on a link that leads nowhere. `DOCS_BASE`: the path of the
 * site, such as `/session-keeper/`.
 */
export default defineConfig({
  title: 'Session Keeper',
  description: 'A service worker that keeps people signed in and connected.',
  base: process.env['DOCS_BASE'] ?? '/',
  head: [['link', { rel: 'icon', href: `data:image/svg+xml,${encodeURIComponent(icon)}` }]],
  cacheDir: '../.cache/vitepress',
  outDir: '../.cache/docs',
  rewrites: { 'README.md': 'documents.md' },
  // The reference of the API is one page of 300 kB, and the search index holds it once.
  vite: { build: { chunkSizeWarningLimit: 4_000 } },
  buildEnd: ({ outDir }) =>
    cpSync(fileURLToPath(new URL(`../${REPORTS}`, import.meta.url)), join(outDir, REPORTS), {
      recursive: true,
      filter: isReport,
    }),
  vue: { template: { compilerOptions: { isCustomElement: (tag) => tag.startsWith('session-') } } },
  markdown: {
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
    anchor: { slugify: anchorOf },
    config: (markdown) => readAsRepository(markdown, repository),
  },
  themeConfig: {
    nav: [
      { text: 'Quick start', link: '/quick-start/vite-react' },
      { text: 'Configuration', link: '/reference/configuration' },
      { text: 'Troubleshooting', link: '/reference/troubleshooting' },
      { text: 'All documents', link: '/documents' },
    ],
    sidebar: navigationOf(index).map(({ text, items }) => ({
      text,
      items: [...items],
      collapsed: COLLAPSED.includes(text),
    })),
    search: { provider: 'local' },
    outline: [2, 3],
  },
});
