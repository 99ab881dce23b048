import type { Keeper } from '../page/types/types.ts';
import { sharedPreference, strings, unread } from '../ui/index.ts';
import { pageOf } from './views.ts';

const NAME = 'Session Keeper';

/** "(3) Messages · Session Keeper": what waits, where you are, and in which app. */
const titleOf = (keeper: Keeper, address: Location): string => {
  const t = strings();
  const { state } = keeper.snapshot.session;
  if (state === 'starting') return NAME;
  const place = state === 'signed-out' ? t.signIn : t[pageOf(address)];
  const count = state !== 'signed-out' && unread.value > 0 ? `(${unread.value}) ` : '';
  return `${count}${place} · ${NAME}`;
};

/** Keeps the document's title true. */
export const keepTitle = (keeper: Keeper, page: Document): void => {
  const show = (): void => {
    const title = titleOf(keeper, location);
    if (page.title !== title) page.title = title;
  };
  keeper.subscribe(show);
  unread.subscribe(show);
  sharedPreference('language').subscribe(show);
  addEventListener('hashchange', show);
};
