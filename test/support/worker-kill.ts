import type { Page } from '@playwright/test';

/** Stops every service worker of the browser at once, as a crash would: nothing in it gets to finish. */
export const killWorkers = async (page: Page): Promise<void> => {
  const session = await page.context().newCDPSession(page);
  await session.send('ServiceWorker.enable');
  await session.send('ServiceWorker.stopAllWorkers');
  await session.detach();
};
