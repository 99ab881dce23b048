import type { Keeper } from '../page/types/types.ts';
import { sharedPreference, strings, unread, type PageName } from '../ui/index.ts';

const NAME = 'Session Keeper';

/** "(3) Messages · Session Keeper": what waits, where you are, and in which app. */
const titleOf = (keeper: Keeper, shown: PageName): string => {
  const t = strings();
  const { state } = keeper.snapshot.session;
  if (state === 'starting') return NAME;
  const place = state === 'signed-out' ? t.signIn : t[shown];
  const count = state !== 'signed-out' && unread.value > 0 ? `(${unread.value}) ` : '';
  return `${count}${place} · ${NAME}`;
};

/** Keeps the document's title true. `shown`: the page that the address names. */
export const keepTitle = (keeper: Keeper, page: Document, shown: () => PageName): void => {
  const show = (): void => {
    const title = titleOf(keeper, shown());
    if (page.title !== title) page.title = title;
  };
  keeper.subscribe(show);
  unread.subscribe(show);
  sharedPreference('language').subscribe(show);
  addEventListener('hashchange', show);
};
