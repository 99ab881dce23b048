import type { Page } from '@playwright/test';
import { test } from '../../support/browser/crashes.ts';
import { expect } from '../../support/browser/expect.ts';
import { signInByHand } from '../../support/page/sign-in.ts';
import { startApp, type App } from '../../support/server/app.ts';

let app: App;
test.beforeAll(async () => {
  app = await startApp();
});
test.afterAll(() => app.stop());

/**
 * A class field hides the accessor of a reactive property when the compiler defines fields (`useDefineForClassFields`).
 * Then the element renders only once, and a production build reports no error.
 */
const hiddenProperties = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const tags = [...new Set([...document.querySelectorAll(':defined')].map((element) => element.localName))];
    return tags
      .filter((tag) => tag.includes('-'))
      .flatMap((tag) => {
        const element = document.createElement(tag);
        const { elementProperties } = element.constructor as unknown as { elementProperties?: Map<string, unknown> };
        return [...(elementProperties?.keys() ?? [])]
          .filter((name) => Object.hasOwn(element, name))
          .map((name) => `${tag}.${name}`);
      });
  });

test('the built page starts without an error and renders again when the state changes', async ({ page }) => {
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  await page.goto(app.origin);
  const status = page.locator('session-status').getByRole('status');
  await expect(status).toHaveText('Signed out');
  await expect(page.locator('session-sign-in')).toBeVisible();
  await signInByHand(page, app.origin, 'password');
  await expect(status).toHaveText('Connected');
  // The other pages load after the sign-in.
  await expect(page.locator(':not(:defined)')).toHaveCount(0);
  expect(await hiddenProperties(page)).toEqual([]);
  expect(errors).toEqual([]);
});

test('the worker serves the shell and all pages when the server is gone', async ({ page }) => {
  await signInByHand(page, app.origin, 'password');
  // Its installation includes the shell.
  await page.waitForFunction(() => navigator.serviceWorker.controller?.state === 'activated');
  await app.shutDown();
  try {
    await page.reload();
    await expect(page.locator('session-status')).toBeVisible();
    await expect(page.locator(':not(:defined)')).toHaveCount(0);
  } finally {
    await app.startAgain();
  }
});
