import { keeperElements, theme } from '../ui/index.ts';

/** Renders every element anew: another language is spoken. */
export const renderAll = (root: ParentNode): void => {
  for (const element of keeperElements(root)) element.requestUpdate();
};

/** The tokens that the elements use in their shadow roots, for the page around them. */
export const adoptTokens = (page: Document): void => {
  if (theme.styleSheet) page.adoptedStyleSheets.push(theme.styleSheet);
};
