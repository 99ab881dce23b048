import type { Keeper } from '../page/types/types.ts';
import { frameStrings, keeperElements, provideKeeper, retryImport, SessionGate, theme } from '../ui/index.ts';
import { offerInstall } from './install.ts';
import { followLanguage } from './language.ts';
import { loadAllParts, pageOf, showPage } from './views.ts';

/** Gives the document around the elements the custom properties that the elements use in their shadow roots. */
export const adoptTheme = (page: Document): void => {
  if (theme.styleSheet) page.adoptedStyleSheets.push(theme.styleSheet);
};

/**
 * Sets up the install button at once, because the browser may offer to install before anything else has loaded. All
 * elements render again after a change of language.
 */
export const setUpControls = (page: Document): void => {
  const button = page.querySelector<HTMLElement>('#install');
  if (button) offerInstall(button);
  followLanguage(() => {
    labelControls(page);
    for (const element of keeperElements(page)) element.requestUpdate();
  });
};

const labelControls = (page: Document): void => {
  const button = page.querySelector('#install');
  if (button) button.textContent = frameStrings().install;
};

/** Connects the document to a keeper. Resolves once the page that the address names is on screen. */
export const startApp = async (keeper: Keeper, page: Document): Promise<void> => {
  const provide = (): void => {
    provideKeeper(keeper, page);
  };
  provide();
  labelControls(page);
  page.addEventListener('session-extend', () => {
    const gate = page.querySelector('session-gate');
    if (gate instanceof SessionGate) gate.offerSignIn();
  });
  addEventListener('hashchange', () => void showPage(page, location, provide, true));
  await showPage(page, location, provide, false);
};

/** When the browser is idle: loads the other pages, so that they open at once, and what the first paint does without. */
export const loadRest = (keeper: Keeper, page: Document): void => {
  // Safari has no `requestIdleCallback`.
  const whenIdle = globalThis.requestIdleCallback ?? setTimeout;
  whenIdle(() => {
    void retryImport(() => import('./after-load.ts')).then((rest) => {
      rest.keepTitle(keeper, page, () => pageOf(location));
      rest.keepBadge(keeper);
      rest.notifyOfMessages(page);
      rest.handleLaunches(window);
      rest.reloadHiddenTabs(page);
      rest.listenToShortcuts(page);
    });
    void loadAllParts().then(() => {
      provideKeeper(keeper, page);
    });
  });
};
