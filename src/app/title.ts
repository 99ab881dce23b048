import type { Keeper } from '../page/types/types.ts';
import { frameStrings, sharedPreference, unread, type PageName } from '../ui/index.ts';
import { strings } from '../ui/strings/strings.ts';

const NAME = 'Session Keeper';

/** "(3) Messages · Session Keeper": what waits, where you are, and in which app. */
const titleOf = (keeper: Keeper, shown: PageName): string => {
  const { state } = keeper.snapshot.session;
  if (state === 'starting') return NAME;
  const place = state === 'signed-out' ? strings().signIn : frameStrings()[shown];
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
