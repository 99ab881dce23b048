import type { CDPSession, Page } from '@playwright/test';

const sessions = new WeakMap<Page, Promise<CDPSession>>();

/** One session per page: a detach from a page that is loading sometimes never ends (seen). */
const sessionOf = (page: Page): Promise<CDPSession> => {
  const known = sessions.get(page);
  if (known) return known;
  const made = page.context().newCDPSession(page);
  sessions.set(page, made);
  return made;
};

/** Kills all service workers of the browser at once, as a crash would. */
export const killWorkers = async (page: Page): Promise<void> => {
  const session = await sessionOf(page);
  await session.send('ServiceWorker.enable');
  await session.send('ServiceWorker.stopAllWorkers');
};
