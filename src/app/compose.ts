import type { Keeper } from '../page/types.ts';
import { KeeperElement, SessionTimeline, SessionTry, tokens } from '../ui/index.ts';

/** Gives the keeper to every element of the page. */
export const give = (keeper: Keeper, root: ParentNode): void => {
  for (const element of root.querySelectorAll('*')) if (element instanceof KeeperElement) element.keeper = keeper;
};

/** The tokens that the elements use in their shadow roots, for the page around them. */
export const adoptTokens = (page: Document): void => {
  if (tokens.styleSheet) page.adoptedStyleSheets.push(tokens.styleSheet);
};

/** `/#journal` and `/#try` (the shortcuts of the installed app) open what they name. */
export const openNamed = (page: Document, hash: string): void => {
  const named = hash.length > 1 ? page.getElementById(hash.slice(1)) : null;
  if (!(named instanceof SessionTimeline || named instanceof SessionTry)) return;
  void named.updateComplete.then(() => {
    named.show();
    named.scrollIntoView({ block: 'nearest' });
  });
};
