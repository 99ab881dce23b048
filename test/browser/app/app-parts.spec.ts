import type { Page } from '@playwright/test';
import { expect, FAILED_REQUEST, test } from '../../support/e2e.ts';
import { seesSignedIn, signInByHand } from '../../support/page/sign-in.ts';

const TIMELINE = '/assets/session-timeline-';

/** Deletes a file from the worker's cache and the browser's, as when the browser needs space. */
const evict = async (page: Page, path: string): Promise<void> => {
  const session = await page.context().newCDPSession(page);
  await session.send('Network.clearBrowserCache');
  await session.detach();
  const deleted = await page.evaluate(async (start) => {
    const found = (await caches.keys()).map(async (name) => {
      const cache = await caches.open(name);
      const requests = (await cache.keys()).filter(({ url }) => new URL(url).pathname.startsWith(start));
      return Promise.all(requests.map((request) => cache.delete(request)));
    });
    return (await Promise.all(found)).flat();
  }, path);
  expect(deleted).toEqual([true]);
};

test('retries a part of the app that failed to load, and shows it once it arrives', async ({
  page,
  context,
  app,
  complaints,
}) => {
  await signInByHand(page, app.origin, 'password');
  await page.waitForFunction(() => navigator.serviceWorker.controller?.state === 'activated');
  // The other pages load after the sign-in: a later load would put the file back into the browser's cache.
  await expect(page.locator(':not(:defined)')).toHaveCount(0);
  await evict(page, TIMELINE);
  complaints.expect(FAILED_REQUEST);
  await context.setOffline(true);
  await page.reload();
  await seesSignedIn(page);
  // The pages after it load without it.
  await page.waitForFunction(() => customElements.get('session-missing') !== undefined);
  const failed = page.waitForEvent('requestfailed', (request) => request.url().includes(TIMELINE));
  await page.getByRole('link', { name: 'Timeline' }).click();
  await failed;
  await context.setOffline(false);
  await expect(page.getByRole('application', { name: 'Timeline of the session' })).toBeVisible();
});
