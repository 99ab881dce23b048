import type { CDPSession, Page } from 'playwright-core';

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

const STORAGE_TYPES = {
  cookies: 'cookies',
  indexeddb: 'indexeddb',
  'local-storage': 'local_storage',
  cache: 'cache_storage',
  everything: 'cookies,indexeddb,local_storage,cache_storage,service_workers,file_systems',
} as const;
export type StorageKind = keyof typeof STORAGE_TYPES;

/** As the browser clears it: without an event for the pages and workers that use it. */
export const clearStorage = async (page: Page, origin: string, what: StorageKind): Promise<void> => {
  const session = await sessionOf(page);
  await session.send('Storage.clearDataForOrigin', { origin, storageTypes: STORAGE_TYPES[what] });
};
