import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect } from './expect.ts';

/** The rules of axe that depend on colours. */
const OF_COLOUR = ['color-contrast', 'link-in-text-block'];

/** Expects that axe finds no problem on this page. `at colours`: checks only the rules about colours. */
export const expectAccessible = async (page: Page, look: 'at all' | 'at colours' = 'at all'): Promise<void> => {
  // Without legacy mode axe opens another page for frames of other origins. The app has no such frames.
  const axe = new AxeBuilder({ page }).setLegacyMode();
  const { violations } = await (look === 'at all' ? axe : axe.withRules(OF_COLOUR)).analyze();
  expect(violations).toEqual([]);
};

/** Checks light and dark, which differ only in colours. */
export const expectAccessibleInBoth = async (page: Page): Promise<void> => {
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  await expectAccessible(page);
  await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
  await expectAccessible(page, 'at colours');
};
