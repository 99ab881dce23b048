import type { Page, Request } from '@playwright/test';
import { KEEP_ALIVE_PATH } from '../../../src/protocol/bridge/bridge-constants.ts';

/** Counts the keep-alive requests of a page from now on, and those that have ended. */
export const watchKeepAlives = (page: Page): { readonly taken: number; readonly ended: number } => {
  const counts = { taken: 0, ended: 0 };
  const isKeepAlive = (request: Request): boolean => new URL(request.url()).pathname === `/${KEEP_ALIVE_PATH}`;
  page.on('request', (request) => (counts.taken += Number(isKeepAlive(request))));
  page.on('requestfinished', (request) => (counts.ended += Number(isKeepAlive(request))));
  page.on('requestfailed', (request) => (counts.ended += Number(isKeepAlive(request))));
  return counts;
};

/** Checks for an update. Resolves when the new worker waits. */
export const updateToWait = (page: Page): Promise<void> =>
  page.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready;
    await registration.update();
    const worker = registration.installing;
    await new Promise<void>((resolve) => {
      worker?.addEventListener('statechange', () => resolve());
      if (!worker) resolve();
    });
  });
