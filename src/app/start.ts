import type { Keeper } from '../page/types.ts';
import { SessionGate } from '../ui/index.ts';
import { give, renderAll } from './compose.ts';
import { offerLanguages } from './language.ts';
import { loadParts, showPage } from './views.ts';

/** Brings the page to life around a keeper. Resolves when the page that the address names is there. */
export const start = async (keeper: Keeper, page: Document): Promise<void> => {
  const ready = (): void => {
    give(keeper, page);
  };
  ready();
  page.addEventListener('session-extend', () => {
    const gate = page.querySelector('session-gate');
    if (gate instanceof SessionGate) gate.offerSignIn();
  });
  const select = page.querySelector<HTMLSelectElement>('#language');
  if (select)
    offerLanguages(select, () => {
      renderAll(page);
    });
  addEventListener('hashchange', () => void showPage(page, location.hash, ready, true));
  await showPage(page, location.hash, ready, false);
};

/** When nothing else is to be done: the other pages, so that they open at once. */
export const prepare = (keeper: Keeper, page: Document): void => {
  requestIdleCallback(() => {
    void loadParts().then(() => {
      give(keeper, page);
    });
  });
};
