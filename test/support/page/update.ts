import type { Page, Request } from '@playwright/test';
import { KEEP_ALIVE_PATH } from '../../../src/protocol/bridge.ts';

/** Counts the leases that a page takes from now on, and those that have ended. */
export const watchLeases = (page: Page): { readonly taken: number; readonly ended: number } => {
  const counts = { taken: 0, ended: 0 };
  const isLease = (request: Request): boolean => new URL(request.url()).pathname === KEEP_ALIVE_PATH;
  page.on('request', (request) => (counts.taken += Number(isLease(request))));
  page.on('requestfinished', (request) => (counts.ended += Number(isLease(request))));
  page.on('requestfailed', (request) => (counts.ended += Number(isLease(request))));
  return counts;
};

/** Has the browser look for a newer worker that only waits; resolves when it does. */
export const updateToWait = (page: Page): Promise<void> =>
  page.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready;
    await registration.update();
    const newcomer = registration.installing;
    await new Promise<void>((resolve) => {
      newcomer?.addEventListener('statechange', () => resolve());
      if (!newcomer) resolve();
    });
  });
