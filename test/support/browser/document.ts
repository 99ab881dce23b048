import type { Page } from '@playwright/test';
import { expect } from './expect.ts';

/** A document that is not to be replaced, nor its session lost sight of; needs a connected keeper. */
export type Undisturbed = { expect(): Promise<void> };

/** When the document that the page shows was begun, ms since the epoch; another document has another time. */
export const documentOf = (page: Page): Promise<number> => page.evaluate(() => performance.timeOrigin);

/** From now on nothing is to be loaded anew, nobody is to be shown a login page, and no snapshot may say `signed-out`. */
export const watchDocument = async (page: Page): Promise<Undisturbed> => {
  const document = await documentOf(page);
  await page.evaluate(() => {
    window.seen = [];
  });
  return {
    async expect() {
      expect(await documentOf(page)).toBe(document);
      expect(await page.evaluate(() => window.seen.map(({ session }) => session.state))).not.toContain('signed-out');
      await expect(page.locator('session-sign-in')).toBeHidden();
    },
  };
};
