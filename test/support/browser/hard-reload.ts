import type { Page } from '@playwright/test';

/**
 * Shift and reload: the page comes from the network, and no worker controls it
 * (https://w3c.github.io/ServiceWorker/#on-fetch-request-algorithm, "force reload").
 */
export const hardReload = async (page: Page): Promise<void> => {
  const session = await page.context().newCDPSession(page);
  const loaded = page.waitForEvent('load');
  await session.send('Page.reload', { ignoreCache: true });
  await loaded;
  await session.detach();
};
