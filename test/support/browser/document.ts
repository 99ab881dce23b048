import type { Page } from '@playwright/test';
import { expect } from './expect.ts';

/** A document that must stay, and with it its session. It needs a connected keeper. */
export type Undisturbed = { expect(): Promise<void> };

/** The start time of the page's document (ms since the Unix epoch). Another document has another time. */
export const documentOf = (page: Page): Promise<number> => page.evaluate(() => performance.timeOrigin);

/** From now on the document must not reload, no sign-in form may show, and no snapshot may be `signed-out`. */
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
