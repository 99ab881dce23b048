import type { CDPSession, Page } from '@playwright/test';

const sessions = new WeakMap<Page, Promise<CDPSession>>();

/** One for as long as the page lives: to detach from a page that is being loaded may never end (seen). */
const sessionOf = (page: Page): Promise<CDPSession> => {
  const known = sessions.get(page);
  if (known) return known;
  const made = page.context().newCDPSession(page);
  sessions.set(page, made);
  return made;
};

/** Stops every service worker of the browser at once, as a crash would: nothing in it gets to finish. */
export const killWorkers = async (page: Page): Promise<void> => {
  const session = await sessionOf(page);
  await session.send('ServiceWorker.enable');
  await session.send('ServiceWorker.stopAllWorkers');
};
