import type { Keeper } from '../page/types.ts';
import { KeeperElement, tokens } from '../ui/index.ts';

const elementsOf = (root: ParentNode): KeeperElement[] =>
  [...root.querySelectorAll('*')].filter((element) => element instanceof KeeperElement);

/** Gives the keeper to every element of the page that is defined by now. */
export const give = (keeper: Keeper, root: ParentNode): void => {
  for (const element of elementsOf(root)) element.keeper = keeper;
};

/** Renders every element anew: another language is spoken. */
export const renderAll = (root: ParentNode): void => {
  for (const element of elementsOf(root)) element.requestUpdate();
};

/** The tokens that the elements use in their shadow roots, for the page around them. */
export const adoptTokens = (page: Document): void => {
  if (tokens.styleSheet) page.adoptedStyleSheets.push(tokens.styleSheet);
};
