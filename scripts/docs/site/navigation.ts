/** One link of the sidebar. */
export type NavigationItem = { text: string; link: string };
/** The links below one heading of the index. */
export type NavigationGroup = { text: string; items: readonly NavigationItem[] };

/** `## Tutorial: learn by doing` is the group "Tutorial". */
const titleOf = (heading: string): string => heading.split(':')[0] ?? heading;

const LINK = /\[([^\]]+)\]\(([^)#\s]+)(?:#[^)]*)?\)/g;

/** Marks in a link's text. The sidebar has plain text. */
const plain = (text: string): string => text.replaceAll('`', '');

/** What the index names as its own page is no document of this site: an example of the repository, or another site. */
const isDocument = (link: string): boolean => link.endsWith('.md') && !/^(?:[a-z]+:|\.\.)/.test(link);

/**
 * The sidebar of the site, from `docs/README.md`. A test holds that the index links each document, so the sidebar has all
 * of them, and there is no second list.
 */
export const navigationOf = (index: string): readonly NavigationGroup[] =>
  index
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const [heading = ''] = section.split('\n');
      const links = [...section.matchAll(LINK)].filter(([, , link = '']) => isDocument(link));
      return {
        text: titleOf(heading),
        items: links.map(([, text = '', link = '']) => ({
          text: plain(text),
          link: `/${link.slice(0, -'.md'.length)}`,
        })),
      };
    })
    .filter(({ items }) => items.length > 0);
