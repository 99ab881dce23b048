import { SessionTimeline, SessionTry } from '../ui/drawers.ts';

/** `/#journal` and `/#try` (the shortcuts of the installed app) open the drawer that they name. */
export const openNamed = (page: Document, hash: string): void => {
  const named = hash.length > 1 ? page.getElementById(hash.slice(1)) : null;
  if (!(named instanceof SessionTimeline || named instanceof SessionTry)) return;
  void named.updateComplete.then(() => {
    named.show();
    named.scrollIntoView({ block: 'nearest' });
  });
};
