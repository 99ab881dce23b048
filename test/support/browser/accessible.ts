import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect } from './expect.ts';

/** What the colours decide, and nothing else. */
const OF_COLOUR = ['color-contrast', 'link-in-text-block'];

/** Nothing that axe finds stands in anybody's way on this page as it is. `colours`: looks at these alone. */
export const expectAccessible = async (page: Page, look: 'at all' | 'at colours' = 'at all'): Promise<void> => {
  // without it a page of its own is opened for every look, for frames of other origins, of which there are none
  const axe = new AxeBuilder({ page }).setLegacyMode();
  const { violations } = await (look === 'at all' ? axe : axe.withRules(OF_COLOUR)).analyze();
  expect(violations).toEqual([]);
};

/** The same in light and in dark, which differ in colours only. */
export const expectAccessibleInBoth = async (page: Page): Promise<void> => {
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  await expectAccessible(page);
  await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
  await expectAccessible(page, 'at colours');
};
