import type { Keeper } from '../page/types/types.ts';
import { keeperElements, provideKeeper, retryImport, SessionGate, theme } from '../ui/index.ts';
import { offerInstall } from './install.ts';
import { offerLanguages } from './language-menu.ts';
import { loadAllParts, showPage } from './views.ts';

/** Gives the document around the elements the custom properties that the elements use in their shadow roots. */
export const adoptTheme = (page: Document): void => {
  if (theme.styleSheet) page.adoptedStyleSheets.push(theme.styleSheet);
};

/**
 * Sets up the install button at once, because the browser may offer to install before anything else has loaded. The
 * returned function fills the footer. Call it once the page is shown: under a page that still grows, the footer would move.
 */
export const setUpControls = (page: Document): (() => void) => {
  const button = page.querySelector<HTMLElement>('#install');
  const label = button ? offerInstall(button) : (): void => undefined;
  return () => {
    label();
    const select = page.querySelector<HTMLSelectElement>('#language');
    if (!select) return;
    offerLanguages(select, () => {
      label();
      for (const element of keeperElements(page)) element.requestUpdate();
    });
  };
};

/** Connects the document to a keeper. Resolves once the page that the address names is on screen. */
export const startApp = async (keeper: Keeper, page: Document): Promise<void> => {
  const provide = (): void => {
    provideKeeper(keeper, page);
  };
  provide();
  page.addEventListener('session-extend', () => {
    const gate = page.querySelector('session-gate');
    if (gate instanceof SessionGate) gate.offerSignIn();
  });
  addEventListener('hashchange', () => void showPage(page, location.hash, provide, true));
  await showPage(page, location.hash, provide, false);
};

/** When the browser is idle: loads the other pages, so that they open at once, and what the first paint does without. */
export const loadRest = (keeper: Keeper, page: Document): void => {
  requestIdleCallback(() => {
    void retryImport(() => import('./after-load.ts')).then(({ keepBadge, handleLaunches, reloadHiddenTabs }) => {
      keepBadge(keeper);
      handleLaunches(window);
      reloadHiddenTabs(page);
    });
    void loadAllParts().then(() => {
      provideKeeper(keeper, page);
    });
  });
};
