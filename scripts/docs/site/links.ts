import { posix } from 'node:path';

/** Documents at the root of the repository that the site has too, by their page below `project/`. */
export const ROOT_DOCUMENTS: Readonly<Record<string, string>> = {
  'CHANGELOG.md': 'changelog',
  'CONTRIBUTING.md': 'contributing',
  'SECURITY.md': 'security',
};

/**
 * Where a link of a document leads. `report`: an HTML file beside the documents, which the site has as it is. `source`: a
 * file of the repository that is no page of the site, with the part after `#`. `host`: a page of the repository's host, by its path from the repository's files.
 */
export type LinkTarget =
  | { type: 'page'; href: string }
  | { type: 'report'; path: string }
  | { type: 'source' | 'host'; path: string; anchor: string }
  | { type: 'elsewhere' };

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
  const [path = '', fragment] = href.split('#');
  const anchor = fragment === undefined ? '' : `#${fragment}`;
  const file = posix.normalize(posix.join(posix.dirname(fileOf(page)), path));
  // GitHub resolves `../../security/` of SECURITY.md against `blob/main/`, the address of its files.
  if (file.startsWith('..')) return { type: 'host', path: file, anchor };
  if (file.startsWith(DOCS) && file.endsWith('.html')) return { type: 'report', path: file };
  const found = pageOf(file);
  return found === undefined ? { type: 'source', path: file, anchor } : { type: 'page', href: `${found}${anchor}` };
};

/**
 * The address of the repository's files from `DOCS_REPOSITORY`, such as `https://git.example/keeper/blob/main/`.
 * `undefined`: there is none, so no link leads to code. Throws when it is no URL.
 */
export const repositoryAddress = (value: string | undefined): string | undefined => {
  if (value === undefined || value === '') return undefined;
  // Without the slash, a relative address would replace the name of the branch.
  const address = value.endsWith('/') ? value : `${value}/`;
  if (!/^https?:/.test(address) || !URL.canParse(address))
    throw new Error(`DOCS_REPOSITORY is "${value}". Give the URL of the code, such as https://git.example/blob/main/.`);
  return address;
};
