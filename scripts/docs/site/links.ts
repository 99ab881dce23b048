import { posix } from 'node:path';

/** Documents at the root of the repository that the site has too, by their page below `project/`. */
export const ROOT_DOCUMENTS: Readonly<Record<string, string>> = {
  'CHANGELOG.md': 'changelog',
  'CONTRIBUTING.md': 'contributing',
  'SECURITY.md': 'security',
};

/** Where a link of a document leads. `source`: a file of the repository that is no page of the site. */
export type LinkTarget = { type: 'page'; href: string } | { type: 'source'; path: string } | { type: 'elsewhere' };

const DOCS = 'docs/';
const INDEX = 'docs/README.md';

/** The file in the repository of a page of the site. */
const fileOf = (page: string): string => {
  const [name] = Object.entries(ROOT_DOCUMENTS).find(([, slug]) => page === `project/${slug}.md`) ?? [];
  if (name !== undefined) return name;
  return page === 'documents.md' ? INDEX : `${DOCS}${page}`;
};

const pageOf = (file: string): string | undefined => {
  const slug = ROOT_DOCUMENTS[file];
  if (slug !== undefined) return `/project/${slug}`;
  if (file === INDEX) return '/documents';
  return file.startsWith(DOCS) && file.endsWith('.md') ? `/${file.slice(DOCS.length, -'.md'.length)}` : undefined;
};

/**
 * Where `href` in the document of `page` leads. Documents link to each other, and to code, by their paths in the
 * repository. `page`: its path below `docs`, such as `how-to/use-elements.md`.
 */
export const linkTarget = (page: string, href: string): LinkTarget => {
  if (/^(?:[a-z]+:|#|\/)/.test(href)) return { type: 'elsewhere' };
  const [path = '', anchor] = href.split('#');
  const file = posix.normalize(posix.join(posix.dirname(fileOf(page)), path));
  // Above the repository is the host of the repository, such as `../../security/` of SECURITY.md.
  if (file.startsWith('..')) return { type: 'source', path: 'SECURITY.md' };
  const found = pageOf(file);
  if (found === undefined) return { type: 'source', path: file };
  return { type: 'page', href: anchor === undefined ? found : `${found}#${anchor}` };
};
