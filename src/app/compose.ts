import type { Keeper } from '../page/types.ts';
import { KeeperElement, tokens } from '../ui/index.ts';

/** Gives the keeper to every element of the page that is defined by now. */
export const give = (keeper: Keeper, root: ParentNode): void => {
  for (const element of root.querySelectorAll('*')) if (element instanceof KeeperElement) element.keeper = keeper;
};

/** The tokens that the elements use in their shadow roots, for the page around them. */
export const adoptTokens = (page: Document): void => {
  if (tokens.styleSheet) page.adoptedStyleSheets.push(tokens.styleSheet);
};
