import type { Keeper } from '../page/types/types.ts';
import { frameStrings, keeperElements, provideKeeper, retryImport, SessionGate, theme } from '../ui/index.ts';
import { offerInstall } from './install.ts';
import { followLanguage } from './language.ts';
import { OTHER_PAGES, pageOf, showPage } from './views.ts';

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

/** Resolves when the browser has nothing else to do. Safari has no `requestIdleCallback`. */
const idle = (): Promise<void> =>
  new Promise((resolve) => void (globalThis.requestIdleCallback ?? setTimeout)(() => resolve()));

const isSignedIn = ({ snapshot }: Keeper): boolean =>
  snapshot.session.state !== 'starting' && snapshot.session.state !== 'signed-out';

const signedIn = (keeper: Keeper): Promise<void> =>
  new Promise((resolve) => {
    if (isSignedIn(keeper)) return resolve();
    const stop = keeper.subscribe(() => {
      if (!isSignedIn(keeper)) return;
      stop();
      resolve();
    });
  });

/**
 * Loads what the first paint does without, and then the other pages of a signed-in user, so that they open at once. Each one
 * waits until the browser is idle: together they would block a phone for a tenth of a second.
 */
export const loadRest = async (keeper: Keeper, page: Document): Promise<void> => {
  await idle();
  const rest = await retryImport(() => import('./after-load.ts'));
  rest.keepTitle(keeper, page, () => pageOf(location));
  rest.keepBadge(keeper);
  rest.notifyOfMessages(page);
  rest.handleLaunches(window);
  rest.reloadHiddenTabs(page);
  rest.listenToShortcuts(page);
  await signedIn(keeper);
  const provide = (): void => {
    provideKeeper(keeper, page);
  };
  for (const load of OTHER_PAGES) {
    await idle();
    // One that fails tries again beside the others.
    await load().catch(() => void retryImport(load).then(provide));
    provide();
  }
};
