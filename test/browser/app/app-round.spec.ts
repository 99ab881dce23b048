import type { Page } from '@playwright/test';
import { expect, test } from '../../support/e2e.ts';
import { fillIn, seesSignedIn } from '../../support/page/sign-in.ts';

declare global {
  interface Window {
    /** The path of each script that another script imports, and when its request started (ms). */
    imported: { path: string; at: number }[];
    /** When all elements of the page were defined (ms). */
    usableAt: number | undefined;
  }
}

/** `initiatorType` is "script" for a request that running code makes, and not for a script that the document names. */
const watch = (): void => {
  window.imported = [];
  new PerformanceObserver((list) => {
    for (const { name, initiatorType, startTime } of list.getEntries() as PerformanceResourceTiming[])
      if (initiatorType === 'script') window.imported.push({ path: new URL(name).pathname, at: startTime });
  }).observe({ type: 'resource', buffered: true });
  const needed = ['session-facts', 'session-sockets', 'session-sign-in'].map((tag) => customElements.whenDefined(tag));
  void Promise.all(needed).then(() => (window.usableAt = performance.now()));
};

/**
 * A connected page loads these, with what they import, before their first use. On a slow machine that is before all elements
 * are defined.
 */
const LOADED_AHEAD = /^\/assets\/(keeper-fetch|upload|download|parsed-url|popup|step-up)-/;

const laterRounds = async (page: Page): Promise<readonly string[]> => {
  const paths = await page.evaluate(() =>
    window.imported.flatMap(({ path, at }) => (at <= (window.usableAt ?? Infinity) ? [path] : [])),
  );
  return paths.filter((path) => !LOADED_AHEAD.test(path));
};

test('loads the page in one round of requests, signed out and signed in', async ({ page, app }) => {
  const entry = [expect.stringMatching(/^\/assets\/index-/)];
  await page.addInitScript(watch);
  await page.goto(app.origin);
  await expect(page.getByRole('textbox', { name: 'User name' })).toBeVisible();
  expect(await laterRounds(page)).toEqual(entry);
  await fillIn(page, 'password');
  await seesSignedIn(page);
  await page.reload();
  await expect(page.getByRole('heading', { name: 'Live connections' })).toBeVisible();
  expect(await laterRounds(page)).toEqual(entry);
});
