import type { Keeper } from '../page/types/types.ts';
import { provideKeeper, SessionGate, retryImport } from '../ui/index.ts';
import { renderAll } from './compose.ts';
import { offerInstall } from './install.ts';
import { offerLanguages } from './language.ts';
import { loadAllParts, showPage } from './views.ts';

/**
 * What is around the elements: the choice of languages, the button to install. Call it before anything is awaited, and
 * what it gives once the page stands: below one that grows, it would move.
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
      renderAll(page);
    });
  };
};

/** Brings the page to life around a keeper. Resolves when the page that the address names is there. */
export const start = async (keeper: Keeper, page: Document): Promise<void> => {
  const ready = (): void => {
    provideKeeper(keeper, page);
  };
  ready();
  page.addEventListener('session-extend', () => {
    const gate = page.querySelector('session-gate');
    if (gate instanceof SessionGate) gate.offerSignIn();
  });
  addEventListener('hashchange', () => void showPage(page, location.hash, ready, true));
  await showPage(page, location.hash, ready, false);
};

/** When nothing else is to be done: the other pages, so that they open at once, and what nobody waits for. */
export const loadRest = (keeper: Keeper, page: Document): void => {
  requestIdleCallback(() => {
    void retryImport(() => import('./later.ts')).then(({ keepBadge, handleLaunches, reloadHiddenTabs }) => {
      keepBadge(keeper);
      handleLaunches(window);
      reloadHiddenTabs(page);
    });
    void loadAllParts().then(() => {
      provideKeeper(keeper, page);
    });
  });
};
